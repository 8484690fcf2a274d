namespace Siberite.Crash.Tests.Fake;

/// <summary>All queues of one life of the fake server, under one lock, with one bug or none.</summary>
internal sealed class FakeEngine
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FakeQueue> _queues = [];
    private readonly FakeDisk _disk;
    private readonly Strikes _strikes;
    private readonly List<FakeItem> _heldBack = [];
    private byte[] _lastPayload = [];
    private long _nextPlace;
    private bool _isDead;

    public FakeEngine(FakeDisk disk, Strikes strikes)
    {
        _disk = disk;
        _strikes = strikes;
        foreach (var item in disk.Items)
        {
            _nextPlace = Math.Max(_nextPlace, item.Place + 1_000);
            if (!strikes.Hits(Mutation.LoseOnRestart))
            {
                QueueOf(item.Queue).Waiting.Add(item.Place, item);
            }
        }

        if (strikes.Is(Mutation.ReverseOnRestart))
        {
            Reverse();
        }
    }

    /// <returns>The reply.</returns>
    public string Set(string[] queues, uint flags, byte[] payload)
    {
        lock (_gate)
        {
            ThrowIfDead();
            if (_strikes.Hits(Mutation.LoseZeroLength, payload.Length == 0))
            {
                return "STORED";
            }

            var stored = _strikes.Hits(Mutation.MultiSetPartial, queues.Length > 1) ? queues[..1] : queues;
            foreach (var queue in stored)
            {
                var target = _strikes.Hits(Mutation.WrongQueue) ? "two" : queue;
                var item = new FakeItem(target, NextPlace(target), flags, payload);
                if (_strikes.Hits(Mutation.AcknowledgeBeforeWrite))
                {
                    _heldBack.Add(item);
                }
                else
                {
                    _disk.Store(item);
                }

                Put(item);
                if (queues.Length > 1 && _strikes.IsDoomed && _strikes.Is(Mutation.MultiSetTorn))
                {
                    throw new IOException("The crash falls here.");
                }
            }

            _disk.Sync();
            return _strikes.Hits(Mutation.RefuseButStore) ? "SERVER_ERROR disk full" : "STORED";
        }
    }

    /// <summary>Hands out the head, or waits for one.</summary>
    public async Task<FakeItem?> ReadAsync(string queue, TimeSpan wait, bool isPlain)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Task woken;
            lock (_gate)
            {
                ThrowIfDead();
                if (TryRead(queue, isPlain) is { } item)
                {
                    return item;
                }

                var left = wait - TimeProvider.System.GetElapsedTime(deadline);
                if (left <= TimeSpan.Zero)
                {
                    return null;
                }

                var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                QueueOf(queue).Waiters.Enqueue(waiter);
                woken = waiter.Task.WaitAsync(left);
            }

            await ((Task)woken.ContinueWith(static _ => { }, TaskScheduler.Default));
            if (!woken.IsCompletedSuccessfully && _strikes.Is(Mutation.MissedWakeUp))
            {
                return null;
            }
        }
    }

    public void Close(FakeItem item)
    {
        lock (_gate)
        {
            ThrowIfDead();
            if (_strikes.Hits(Mutation.CloseTwo) && QueueOf(item.Queue).Waiting is { Count: > 0 } waiting)
            {
                var next = waiting.First().Value;
                waiting.Remove(next.Place);
                _disk.Remove(next);
            }

            if (!_strikes.Hits(Mutation.ResurrectClosed))
            {
                _disk.Remove(item);
            }
        }
    }

    public void Abort(FakeItem item)
    {
        lock (_gate)
        {
            ThrowIfDead();
            if (_strikes.Hits(Mutation.LoseAbortedForGood))
            {
                _disk.Remove(item);
            }
            else if (_strikes.Hits(Mutation.AbortToTail))
            {
                MoveToTail(item);
            }
            else if (!_strikes.Hits(Mutation.LoseAborted))
            {
                Put(item);
                if (_strikes.Hits(Mutation.AbortTwice))
                {
                    Put(item.At(item.Place + 1));
                }
            }
        }
    }

    /// <summary>A session is gone and this is what it held.</summary>
    public void Return(FakeItem item)
    {
        lock (_gate)
        {
            if (_isDead)
            {
                return;
            }

            if (_strikes.Hits(Mutation.LoseDropped))
            {
                _disk.Remove(item);
            }
            else if (_strikes.Hits(Mutation.DroppedToTail))
            {
                MoveToTail(item);
            }
            else
            {
                Put(item);
            }
        }
    }

    /// <summary>The plain get's reply is with the client.</summary>
    public void Taken(FakeItem item)
    {
        lock (_gate)
        {
            if (!_isDead && !_strikes.Hits(Mutation.ForgetTake))
            {
                _disk.RemoveLazily(item);
            }
        }
    }

    /// <summary>The bytes that go on the wire for an item.</summary>
    public byte[] PayloadOf(FakeItem item)
    {
        lock (_gate)
        {
            var payload = item.Payload;
            if (_strikes.Hits(Mutation.CorruptByte, payload.Length > 0))
            {
                payload = [.. payload];
                payload[payload.Length / 2] ^= 1;
            }
            else if (_strikes.Hits(Mutation.TruncatePayload, payload.Length > 0))
            {
                payload = payload[..^1];
            }
            else if (_strikes.Hits(Mutation.StalePayload, payload.Length > 0))
            {
                payload = _lastPayload;
            }

            _lastPayload = item.Payload;
            return payload;
        }
    }

    /// <summary>From here on nothing has any effect.</summary>
    /// <param name="isPowerCut">Whether unsynced writes are undone too.</param>
    /// <param name="open">What sessions held.</param>
    public void Die(bool isPowerCut, IEnumerable<FakeItem> open)
    {
        lock (_gate)
        {
            _isDead = true;
            _disk.Crash(isPowerCut);
            foreach (var item in _heldBack)
            {
                _disk.Remove(item);
            }

            foreach (var item in open)
            {
                if (_strikes.Is(Mutation.LoseOpenOnCrash))
                {
                    _disk.Remove(item);
                }
                else if (_strikes.Is(Mutation.OpenToTailOnCrash))
                {
                    MoveToTail(item);
                }
            }

            _disk.Sync();
        }
    }

    private FakeItem? TryRead(string queue, bool isPlain)
    {
        var waiting = QueueOf(queue).Waiting;
        if (waiting.Count == 0 || _strikes.Hits(Mutation.FalseEmpty))
        {
            return null;
        }

        var head = waiting.First().Value;
        if (waiting.Count > 1 && _strikes.Hits(Mutation.SkipHead))
        {
            head = waiting.Skip(1).First().Value;
        }

        var stays = isPlain ? _strikes.Hits(Mutation.DuplicateTake) : _strikes.Hits(Mutation.SharedOpen);
        if (!stays)
        {
            waiting.Remove(head.Place);
        }

        return head;
    }

    private void MoveToTail(FakeItem item)
    {
        _disk.Remove(item);
        var moved = item.At(NextPlace(item.Queue));
        _disk.Store(moved);
        if (!_isDead)
        {
            Put(moved);
        }
    }

    private void Put(FakeItem item)
    {
        var queue = QueueOf(item.Queue);
        queue.Waiting.TryAdd(item.Place, item);
        if (!_strikes.Is(Mutation.MissedWakeUp))
        {
            while (queue.Waiters.TryDequeue(out var waiter))
            {
                waiter.TrySetResult();
            }
        }
    }

    private long NextPlace(string queue)
    {
        // Places are wide apart, so that one can step in front of its predecessor.
        _nextPlace += 10;
        var isEarly = _strikes.Hits(Mutation.SwapTwoItems, QueueOf(queue).Waiting.Count > 1);
        return isEarly ? QueueOf(queue).Waiting.Last().Key - 5 : _nextPlace;
    }

    private void Reverse()
    {
        foreach (var (name, queue) in _queues)
        {
            var items = queue.Waiting.Values.ToArray();
            var places = queue.Waiting.Keys.Reverse().ToArray();
            queue.Waiting.Clear();
            foreach (var (item, place) in items.Zip(places))
            {
                _disk.Remove(item);
                queue.Waiting.Add(place, new FakeItem(name, place, item.Flags, item.Payload));
            }

            foreach (var item in queue.Waiting.Values)
            {
                _disk.Store(item);
            }
        }

        _disk.Sync();
    }

    private FakeQueue QueueOf(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            queue = new FakeQueue();
            _queues.Add(name, queue);
        }

        return queue;
    }

    private void ThrowIfDead()
    {
        if (_isDead)
        {
            throw new IOException("The fake server is dead.");
        }
    }
}
