using Siberite.Contracts;

namespace Siberite.Queues;

// Handing items out: to the session that asks, or to the one that has waited longest.
internal sealed partial class QueueReader
{
    private LinkedList<Waiter>? _waiters;
    private bool _wasTakenFrom = true; // Since the last sweep. A new queue has until the next one for its first item.

    private enum TakeOutcome
    {
        Empty,
        Taken,
        MustLoad,
    }

    public int WaiterCount => _waiters?.Count ?? 0;

    /// <summary>Whether anybody has asked for an item since the last sweep.</summary>
    public bool WasTakenFrom => _wasTakenFrom;

    /// <summary>When a sweep last found that somebody had asked, or the start, in Unix milliseconds.</summary>
    public long UsedAt { get; private set; }

    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait, bool isAdmin = false)
    {
        _wasTakenFrom |= session != SweepSession;
        var outcome = TakeOutcome.MustLoad;
        TakeResult result = default;
        if (!_isLoading || WaiterCount == 0)
        {
            outcome = TryTake(session, mode, out result);
        }

        if (outcome == TakeOutcome.Taken)
        {
            return new(result);
        }

        if (outcome == TakeOutcome.Empty && _shared.Commits.HasFailed)
        {
            return ValueTask.FromException<TakeResult>(_shared.Commits.Failure()); // What is there is in doubt.
        }

        if (outcome == TakeOutcome.Empty && wait <= TimeSpan.Zero)
        {
            return default;
        }

        var waiter = new Waiter(this, session, mode) { IsAdmin = isAdmin };
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

    public void CancelWait(SessionId session)
    {
        for (var place = _waiters?.First; place is not null; place = place.Next)
        {
            if (place.Value.Session == session)
            {
                RunOut(place.Value);
                return;
            }
        }
    }

    /// <summary>Ends a wait whose time ran out; if its item is just being read from the store, after that. Takes the
    /// queue's gate.</summary>
    public void EndWait(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Place is not null)
            {
                RunOut(waiter);
            }
        }
    }

    /// <summary>Ends all waits the same way.</summary>
    public void EndAllWaits(in TakeResult result)
    {
        while (_waiters?.First is { } first)
        {
            Finish(first.Value, result);
        }
    }

    /// <summary>Serves those who wait, in order, as far as items go. Called wherever an item becomes
    /// available.</summary>
    public void ServeWaiters()
    {
        if (WaiterCount > 0 && _queue.IsPaused)
        {
            RefuseWaiters();
        }

        var place = _isLoading || _queue.IsStill ? null : _waiters?.First;
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
                    FinishEmpty(waiter);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The item whose turn it is: the oldest that came back, or the next one never handed out.</summary>
    public bool TryFindNext(out long sequence, out ItemSlot slot)
    {
        if (_place.HasReturned && _main is not null)
        {
            _place.DropReturned(_main);
        }

        if (_place.HasReturned)
        {
            (sequence, slot) = _place.PeekReturned();
            return true;
        }

        SkipClosed();
        sequence = _place.Next;
        slot = _window.Count > 0 ? _window.First : default;
        return sequence < _queue.Tail;
    }

    /// <summary>Whoever waits on a queue that was paused is told so.</summary>
    private void RefuseWaiters()
    {
        for (var place = _waiters!.First; place is not null;)
        {
            var waiter = place.Value;
            place = place.Next;
            if (!waiter.IsAdmin)
            {
                waiter.Leave();
                waiter.SetException(_queue.Paused());
            }
        }
    }

    /// <summary>The waiter's time is over. What is just being read from the store is still its: the queue is not
    /// empty.</summary>
    private void RunOut(Waiter waiter)
    {
        waiter.Dispose();
        waiter.HasRunOut = true;
        if (!_isLoading)
        {
            FinishEmpty(waiter);
        }
    }

    /// <summary>Tells the waiter that there is nothing, unless nobody can know.</summary>
    private void FinishEmpty(Waiter waiter)
    {
        waiter.Leave();
        if (_shared.Commits.HasFailed)
        {
            waiter.SetException(_shared.Commits.Failure());
        }
        else
        {
            waiter.SetResult(default);
        }
    }

    private static void Finish(Waiter waiter, in TakeResult result)
    {
        waiter.Leave();
        waiter.SetResult(result);
    }

    private TakeOutcome TryTake(SessionId session, TakeMode mode, out TakeResult result)
    {
        result = default;
        while (TryFindNext(out var sequence, out var slot))
        {
            if (!slot.IsAtHand)
            {
                return TakeOutcome.MustLoad;
            }

            if (ExpiryOf(slot) is not 0 and var expiresAt && expiresAt <= NowMilliseconds())
            {
                if (session == SweepSession && SweepLeft-- <= 0)
                {
                    return TakeOutcome.Empty;
                }

                Expire(sequence, slot);
                continue;
            }

            if (DeliveryCounts is not null && IsPoisoned(DeliveryCounts.Of(sequence)))
            {
                Detach(sequence, slot); // It was opened too often before the last crash.
                SetAside(sequence, slot, Fate.DeadLetter);
                continue;
            }

            result = new TakeResult(
                TakeStatus.Taken,
                new Item(sequence, slot.Payload!, _queue.ShowsFlags ? slot.Flags : 0) { Large = slot.Large },
                new Commit(slot.Batch, _queue.SetLevel));
            if (slot.Large is { } large && session != SweepSession)
            {
                large.Hold(); // The queue's items are only safe from being trimmed under its gate.
            }

            if (mode != TakeMode.Peek)
            {
                Detach(sequence, slot);
                result = result with { Commit = Open(result.Commit, session, mode, sequence, slot) };
                TakenCount++;
                OpenedCount += mode == TakeMode.Open ? 1 : 0;
                ReadAhead();
            }

            return TakeOutcome.Taken;
        }

        return TakeOutcome.Empty;
    }

    /// <summary>Steps over items that a run before this one closed out of order, and a cursor over those that have left
    /// the queue.</summary>
    private void SkipClosed()
    {
        var passed = _main is null ? _place.SkipClosed() : _place.SkipClosed(_main);
        for (var skipped = passed; skipped > 0 && _window.Count > 0; skipped--)
        {
            _window.RemoveFirst();
        }
    }

    private void Detach(long sequence, in ItemSlot slot)
    {
        if (sequence == _place.Next)
        {
            _window.RemoveFirst();
        }

        _place.Remove(sequence);
        UncountItem(slot.PayloadBytes);
    }

    /// <summary>What an open read keeps in memory: not a large payload, which the session holds until it is
    /// sent.</summary>
    private static ItemSlot Kept(in ItemSlot slot)
        => slot.PayloadBytes <= MaxKeptPayloadBytes || slot.Large is not null ? slot : slot with { Payload = null };
}
