using Siberite.Contracts;

namespace Siberite.Queues;

// Handing items out: to the session that asks, or to the one that has waited longest.
public sealed partial class Queue
{
    private LinkedList<Waiter>? _waiters;

    private enum TakeOutcome
    {
        Empty,
        Taken,
        MustLoad,
    }

    internal bool HasWaiters
    {
        get
        {
            lock (_gate)
            {
                return WaiterCount > 0;
            }
        }
    }

    private int WaiterCount => _waiters?.Count ?? 0;

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
        => TakeAsync(session, mode, wait, isAdmin: false);

    private ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait, bool isAdmin)
    {
        lock (_gate)
        {
            if (_isGone)
            {
                return new(new TakeResult(TakeStatus.Gone, default, default));
            }

            if (IsDamaged)
            {
                return ValueTask.FromException<TakeResult>(Unreadable());
            }

            if (!isAdmin && Options.Paused)
            {
                return ValueTask.FromException<TakeResult>(Paused());
            }

            if (_still is not null)
            {
                return ParkTake(session, mode, wait);
            }

            _wasTakenFrom = true;
            var outcome = TakeOutcome.MustLoad;
            TakeResult result = default;
            if (!_isLoading || WaiterCount == 0)
            {
                outcome = TryTake(session, mode, out result);
            }

            if (outcome == TakeOutcome.Taken || (outcome == TakeOutcome.Empty && wait <= TimeSpan.Zero))
            {
                return new(result);
            }

            var waiter = new Waiter(this, session, mode);
            waiter.Place = (_waiters ??= []).AddLast(waiter);
            if (wait > TimeSpan.Zero)
            {
                waiter.StartTimer(_shared.Time, wait);
            }

            if (outcome == TakeOutcome.MustLoad)
            {
                StartLoad();
            }

            return new(waiter.Task);
        }
    }

    /// <inheritdoc/>
    public void CancelWait(SessionId session)
    {
        lock (_gate)
        {
            _still?.Cancel(session);
            for (var place = _waiters?.First; place is not null; place = place.Next)
            {
                if (place.Value.Session == session)
                {
                    Finish(place.Value, default);
                    return;
                }
            }
        }
    }

    /// <summary>Ends a wait whose time ran out; if its item is just being read from the store, after that.</summary>
    internal void EndWait(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Place is not null)
            {
                waiter.Dispose();
                waiter.HasRunOut = true;
                if (!_isLoading)
                {
                    Finish(waiter, default);
                }
            }
        }
    }

    /// <summary>Ends all waits as if their time had run out.</summary>
    internal void EndWaits()
    {
        lock (_gate)
        {
            EndAllWaits();
        }
    }

    private void EndAllWaits()
    {
        _still?.CancelAll();
        while (_waiters?.First is { } first)
        {
            Finish(first.Value, default);
        }
    }

    /// <summary>Serves those who wait, in order, as far as items go. Called wherever an item becomes
    /// available.</summary>
    private void ServeWaiters()
    {
        if (WaiterCount > 0 && Options.Paused)
        {
            RefuseWaiters();
            return;
        }

        var place = _isLoading || _still is not null ? null : _waiters?.First;
        while (place is not null)
        {
            var waiter = place.Value;
            place = place.Next;
            switch (TryTake(waiter.Session, waiter.Mode, out var result))
            {
                case TakeOutcome.Taken:
                    Finish(waiter, result);
                    break;
                case TakeOutcome.MustLoad:
                    StartLoad();
                    return;
                case TakeOutcome.Empty when !waiter.OutlastsEmptyQueue:
                    Finish(waiter, default);
                    break;
                default:
                    break;
            }
        }
    }

    private void Finish(Waiter waiter, in TakeResult result)
    {
        RemoveWaiter(waiter);
        waiter.SetResult(result);
    }

    private void RemoveWaiter(Waiter waiter)
    {
        _waiters!.Remove(waiter.Place!);
        waiter.Place = null;
        waiter.Dispose();
    }

    private TakeOutcome TryTake(SessionId session, TakeMode mode, out TakeResult result)
    {
        result = default;
        while (TryFindNext(out var sequence, out var slot))
        {
            if (slot.Payload is null)
            {
                return TakeOutcome.MustLoad;
            }

            if (slot.ExpiresAt != 0 && slot.ExpiresAt <= _shared.Time.GetUtcNow().ToUnixTimeMilliseconds())
            {
                _expiredCount++;
                Drop(sequence, slot);
                continue;
            }

            result = new TakeResult(
                TakeStatus.Taken,
                new Item(sequence, slot.Payload, slot.Flags),
                new Commit(slot.Batch, _shared.Commits.SetLevel));
            if (mode != TakeMode.Peek)
            {
                Detach(sequence, slot);
                _reader.Open(sequence, new OpenRead(session, mode, Kept(slot)));
                _takenCount++;
                ReadAhead();
            }

            return TakeOutcome.Taken;
        }

        return TakeOutcome.Empty;
    }

    /// <summary>The item whose turn it is: the oldest that came back, or the next one never handed out.</summary>
    private bool TryFindNext(out long sequence, out ItemSlot slot)
    {
        if (_reader.HasReturned)
        {
            (sequence, slot) = _reader.PeekReturned();
            return true;
        }

        SkipClosed();
        sequence = _reader.Next;
        slot = _window.Count > 0 ? _window.First : default;
        return sequence < _tail;
    }

    /// <summary>Steps over items that a run before this one closed out of order.</summary>
    private void SkipClosed()
    {
        for (var skipped = _reader.SkipClosed(); skipped > 0 && _window.Count > 0; skipped--)
        {
            _window.RemoveFirst();
        }
    }

    /// <summary>Closes an item that nobody will take.</summary>
    private void Drop(long sequence, in ItemSlot slot)
    {
        Detach(sequence, slot);
        _reader.Close(sequence, slot.PayloadBytes);
        MarkReaderLater();
    }

    private void Detach(long sequence, in ItemSlot slot)
    {
        if (sequence == _reader.Next)
        {
            _window.RemoveFirst();
        }

        _reader.Remove(sequence);
        _itemCount--;
        _itemBytes -= slot.PayloadBytes;
    }

    /// <summary>What an open read keeps in memory: not a large payload, which the session holds until it is
    /// sent.</summary>
    private static ItemSlot Kept(in ItemSlot slot)
        => slot.PayloadBytes <= MaxKeptPayloadBytes ? slot : slot with { Payload = null };
}
