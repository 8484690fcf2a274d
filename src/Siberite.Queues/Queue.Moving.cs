using Siberite.Contracts;

namespace Siberite.Queues;

// Handing the queue over to another store: it is held still for a moment, and what it knows is told.
public sealed partial class Queue
{
    private Stillness? _still; // Not null while the queue is held still.

    /// <summary>The same as <see cref="IsHeldStill"/>, for a caller under the gate.</summary>
    internal bool IsStill => _still is not null;

    /// <summary>Whether appends and takes wait for a move to end.</summary>
    public bool IsHeldStill
    {
        get
        {
            lock (_gate)
            {
                return _still is not null;
            }
        }
    }

    /// <summary>Items in the hands of sessions, plain takes on their way to a socket included.</summary>
    public int HeldItemCount
    {
        get
        {
            lock (_gate)
            {
                return Readers.Sum(reader => reader.Place.HeldCount);
            }
        }
    }

    /// <summary>Whether it has no items, waiting or in hands, and nobody waits for one or moves it.</summary>
    internal bool IsUnused
    {
        get
        {
            lock (_gate)
            {
                return _main.ItemCount + AsideCount + HeldItemCount == 0 && !HasWaiters && _still is null;
            }
        }
    }

    /// <summary>When an item that <paramref name="session"/> has open stops being served, in Unix milliseconds; 0 for
    /// never.</summary>
    public long ExpiresAtOf(SessionId session, long sequence)
    {
        lock (_gate)
        {
            return _main.Place.TryFind(session, sequence, out var read) ? read.Slot.ExpiresAt : 0;
        }
    }

    /// <summary>Has appends and takes wait from now on, in their order; closes and returns go on.</summary>
    /// <param name="patience">How long they wait at most: then they, and those who come later, are refused with
    /// <see cref="SiberiteError.QueueMoving"/>.</param>
    /// <returns>Whether it stands still by this call: not if it is gone, damaged, was never stored, has children, or
    /// stood already.</returns>
    public bool TryHoldStill(TimeSpan patience)
    {
        lock (_gate)
        {
            if (_isGone || !_isStored || IsDamaged || _still is not null || _children.Length > 0)
            {
                return false;
            }

            _still = new Stillness(this, _shared.Time, patience);
            return true;
        }
    }

    /// <summary>Ends the stillness: what waited takes effect now, in its order, before anything else.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            var still = _still;
            _still = null;
            still?.Resume();
            if (!_isGone)
            {
                foreach (var reader in Readers)
                {
                    reader.ServeWaiters();
                    reader.ResumeLeases();
                }

                SetDelayedAlarm();
                _main.StartLeaving();
                _main.ResumeExpiry();
            }
        }
    }

    /// <summary>What a mover must carry, as far as it is known now.</summary>
    public MoveExtent GetExtent()
    {
        lock (_gate)
        {
            return new MoveExtent(
                _record.CreatedAt, _main.Place.Position, _tail,
                new Commit(Math.Max(_lastAppendBatch, LastExtrasBatch), CommitLevel.Written));
        }
    }

    /// <summary>Reads what is stored and not closed, and the last item, which keeps the sums. In order, as far as it
    /// was written.</summary>
    /// <param name="first">First sequence wanted.</param>
    /// <param name="limit">First sequence not wanted.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="next">Where to read on; <paramref name="first"/> if nothing was found.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public IReadOnlyList<StoredItem> ReadForMove(long first, long limit, long maxBytes, out long next)
    {
        var found = new List<StoredItem>();
        ReadItems(first, limit, maxBytes, found);
        next = found.Count == 0 ? first : found[^1].Header.Sequence + 1;
        lock (_gate)
        {
            found.RemoveAll(item => item.Header.Sequence != _tail - 1 && _main.Place.IsClosed(item.Header.Sequence));
        }

        return found;
    }

    /// <summary>Takes open reads back and tells the reader's place. The queue must stand still.</summary>
    /// <returns>What the other store needs beside the items.</returns>
    public MoveEnd Seal()
    {
        lock (_gate)
        {
            foreach (var reader in Readers)
            {
                reader.ReturnAll(reader.Place.HeldReads(), haveFailed: false);
            }

            return new MoveEnd(_main.State, _tail, _appendedBytes)
            {
                Cursors = [.. (_cursors ?? []).Select(StoredOf)],
            };
        }
    }

    /// <summary>The queue lives elsewhere now: whoever waits, or still holds it, looks it up again.</summary>
    internal void Depart()
    {
        lock (_gate)
        {
            _isGone = true;
            _memory?.Clear();
            foreach (var reader in Readers)
            {
                reader.ForgetWindow();
                reader.EndAllWaits(new TakeResult(TakeStatus.Gone, default, default));
            }
        }

        LetGo();
    }

    internal void ThrowIfHeldStill()
    {
        if (_still is not null)
        {
            throw IsMoving();
        }
    }

    /// <returns>Whether it was purged: not while it is held still.</returns>
    internal bool TryPurge(out Commit commit)
    {
        lock (_gate)
        {
            commit = _still is null ? Purge() : default;
            return _still is null;
        }
    }

    private ValueTask<AppendResult> ParkAppend(in ItemDraft draft)
    {
        var copy = draft.Copied();
        return new(_still!.Park<AppendResult>(default, cursor: null, () => new(Append(copy))));
    }

    private ValueTask<TakeResult> ParkTake(SessionId session, TakeMode mode, TimeSpan wait)
        => new(_still!.Park(session, cursor: null, () => TakeAsync(session, mode, wait)));

    private SiberiteException IsMoving()
        => new(SiberiteError.QueueMoving, $"Queue {Name} is moving to another silo.", inner: null);

    /// <summary>The calls that wait while a queue stands still. Guarded by the queue's gate.</summary>
    private sealed class Stillness
    {
        private readonly Queue _queue;
        private readonly ITimer _timer;
        private readonly LinkedList<ParkedCall> _parked = new();
        private bool _isImpatient;

        public Stillness(Queue queue, TimeProvider time, TimeSpan patience)
        {
            _queue = queue;
            _timer = time.CreateTimer(
                static state => ((Stillness)state!).RunOut(), this, patience, Timeout.InfiniteTimeSpan);
        }

        public Task<T> Park<T>(SessionId session, QueueCursor? cursor, Func<ValueTask<T>> call)
        {
            if (_isImpatient)
            {
                _queue.ThrowIfHeldStill();
            }

            var parked = new ParkedCall<T>(session, cursor, call);
            _parked.AddLast(parked);
            return parked.Result;
        }

        /// <summary>Ends a take that waits here. It is not told that there is nothing: nobody has looked.</summary>
        public void Cancel(SessionId session, QueueCursor? cursor)
        {
            foreach (var call in _parked.OfType<ParkedCall<TakeResult>>())
            {
                if (call.Session == session && Equals(call.Cursor?.Cursor, cursor?.Cursor))
                {
                    call.Fail(_queue.IsMoving());
                }
            }
        }

        public void CancelAll()
        {
            foreach (var call in _parked.OfType<ParkedCall<TakeResult>>())
            {
                call.End(default);
            }
        }

        public void Resume()
        {
            _timer.Dispose();
            foreach (var call in _parked)
            {
                call.Run();
            }
        }

        private void RunOut()
        {
            lock (_queue._gate)
            {
                _isImpatient = true;
                foreach (var call in _parked)
                {
                    call.Fail(_queue.IsMoving());
                }

                _parked.Clear();
            }
        }
    }

    private abstract class ParkedCall(SessionId session, QueueCursor? cursor)
    {
        public SessionId Session => session;

        /// <summary>Whose call it is; <see langword="null"/> for the default reader's.</summary>
        public QueueCursor? Cursor => cursor;

        public abstract void Run();

        public abstract void Fail(SiberiteException refusal);
    }

    private sealed class ParkedCall<T>(SessionId session, QueueCursor? cursor, Func<ValueTask<T>> call)
        : ParkedCall(session, cursor)
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _result.Task;

        public void End(T result) => _result.TrySetResult(result);

        /// <remarks>The call takes effect here; whoever parked it hears of its end later.</remarks>
        public override void Run()
        {
            if (_result.Task.IsCompleted)
            {
                return;
            }

            try
            {
                var running = call();
                if (running.IsCompletedSuccessfully)
                {
                    _result.TrySetResult(running.Result);
                }
                else
                {
                    _ = FinishAsync(running);
                }
            }
            catch (SiberiteException e)
            {
                Fail(e);
            }
        }

        public override void Fail(SiberiteException refusal) => _result.TrySetException(refusal);

        private async Task FinishAsync(ValueTask<T> running)
        {
            try
            {
                _result.TrySetResult(await running);
            }
            catch (SiberiteException e)
            {
                Fail(e);
            }
        }
    }
}

/// <summary>How far a queue that is to be moved reaches now.</summary>
/// <param name="CreatedAt">When the queue was made, in Unix milliseconds.</param>
/// <param name="Position">Items below it are closed.</param>
/// <param name="Tail">The sequence of the next append.</param>
/// <param name="LastAppend">When it is done, all items can be read.</param>
public readonly record struct MoveExtent(long CreatedAt, long Position, long Tail, Commit LastAppend);

/// <summary>What a store needs to serve a queue whose items it has.</summary>
/// <param name="Reader">The default reader's place.</param>
/// <param name="Tail">The sequence of the next append.</param>
/// <param name="AppendedBytes">Payload bytes ever appended.</param>
public readonly record struct MoveEnd(ReaderState Reader, long Tail, long AppendedBytes)
{
    /// <summary>The queue's cursors.</summary>
    public IReadOnlyList<StoredCursor> Cursors { get => field ?? []; init; }
}
