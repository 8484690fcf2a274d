using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>What this silo knows of the items that other silos have of one loose queue, and the sessions that wait for
/// news of them.</summary>
/// <remarks>
/// A mark says that a shard had items when it was last heard of. It is set by news and by counts, and cleared by the
/// shard's own answer that it is empty, unless news arrived after the question was sent. So:
/// <code>
/// a shard that told its news to all has a mark here until it is found empty from here, and
/// no session sleeps here beside a mark, unless the shard keeps it for others and will call again.
/// </code>
/// Whoever takes an item wakes the next sleeper, and the last of them finds the shard empty: that clears the mark and
/// has the shard tell its next item. Thread-safe.
/// </remarks>
internal sealed class ShardMarks(TimeProvider time)
{
    /// <summary>A shard that owes an answer for so long is asked after all others. 1 s: a healthy silo answers within
    /// milliseconds.</summary>
    private static readonly TimeSpan SuspicionDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<StoreId, Mark> _marks = [];
    private readonly LinkedList<Sleeper> _sleepers = new();
    private volatile bool _hasMarks;
    private long _lastVersion;

    /// <summary>Whether any other shard is known to have items.</summary>
    public bool HasAny => _hasMarks;

    /// <summary>Sessions of this silo that wait for an item elsewhere.</summary>
    public int SleeperCount
    {
        get
        {
            lock (_gate)
            {
                return _sleepers.Count;
            }
        }
    }

    /// <summary>A shard has items.</summary>
    /// <param name="store">The shard's store.</param>
    /// <param name="itemCount">How many it had.</param>
    /// <param name="isInvitation">Whether sleepers should come for them.</param>
    public void Set(StoreId store, long itemCount, bool isInvitation)
    {
        List<Sleeper> woken = [];
        lock (_gate)
        {
            if (!_marks.TryGetValue(store, out var mark))
            {
                _marks.Add(store, mark = new Mark());
            }

            mark.ItemCount = itemCount;
            mark.Version = ++_lastVersion;
            _hasMarks = true;
            for (var i = 0L; isInvitation && i < itemCount && _sleepers.First is { } first; i++)
            {
                woken.Add(Detach(first.Value));
            }
        }

        woken.ForEach(sleeper => sleeper.TrySetResult());
    }

    /// <summary>Forgets what was known of a shard: its silo is away, or counted none.</summary>
    public void Clear(StoreId store)
    {
        lock (_gate)
        {
            Remove(store);
        }
    }

    /// <summary>Forgets a shard that was counted empty, if nothing was heard of it since <paramref name="version"/>.
    /// </summary>
    public void ClearIfUnchanged(StoreId store, long version)
    {
        lock (_gate)
        {
            if (_marks.TryGetValue(store, out var mark) && mark.Version == version)
            {
                Remove(store);
            }
        }
    }

    /// <summary>Names the state of what is known of a shard; 0 when nothing is.</summary>
    public long VersionOf(StoreId store)
    {
        lock (_gate)
        {
            return _marks.TryGetValue(store, out var mark) ? mark.Version : 0;
        }
    }

    /// <summary>Chooses the shard to ask: the one with most items, one that answers before one that does not.</summary>
    /// <returns>Whether there is any. The question must be ended by <see cref="EndAsk"/>.</returns>
    public bool TryBeginAsk(out ShardAsk ask)
    {
        ask = default;
        if (!_hasMarks)
        {
            return false;
        }

        lock (_gate)
        {
            Mark? best = null;
            foreach (var (store, mark) in _marks)
            {
                if (best is null || IsBetter(mark, best))
                {
                    best = mark;
                    ask = new ShardAsk(store, mark.Version);
                }
            }

            if (best is null)
            {
                return false;
            }

            if (best.AskCount++ == 0)
            {
                best.AskedAt = time.GetTimestamp();
            }

            return true;
        }
    }

    /// <summary>The shard answered, or its silo is away.</summary>
    /// <returns>Whether another sleeper was woken to go on asking.</returns>
    public void EndAsk(in ShardAsk ask, bool hadItem)
    {
        Sleeper? next = null;
        lock (_gate)
        {
            if (_marks.TryGetValue(ask.Store, out var mark))
            {
                mark.AskCount--;
                mark.AskedAt = time.GetTimestamp();
                if (hadItem)
                {
                    mark.ItemCount = Math.Max(1, mark.ItemCount - 1);
                }
                else if (mark.Version == ask.Version)
                {
                    Remove(ask.Store);
                }
            }

            if (hadItem && _sleepers.First is { } first)
            {
                next = Detach(first.Value);
            }
        }

        next?.TrySetResult();
    }

    /// <summary>Stands in line for news. First come, first woken.</summary>
    public Sleeper Sleep()
    {
        var sleeper = new Sleeper();
        lock (_gate)
        {
            sleeper.Place = _sleepers.AddLast(sleeper);
        }

        return sleeper;
    }

    /// <summary>Leaves the line; who was woken and does not go for the item wakes the next.</summary>
    /// <param name="sleeper">Who leaves.</param>
    /// <param name="passesOn">Whether it was woken before this sleep, and has asked nobody since.</param>
    public void Leave(Sleeper sleeper, bool passesOn = false)
    {
        Sleeper? next = null;
        lock (_gate)
        {
            passesOn |= sleeper.Place is null;
            if (sleeper.Place is not null)
            {
                Detach(sleeper);
            }

            if (passesOn && _hasMarks && _sleepers.First is { } first)
            {
                next = Detach(first.Value);
            }
        }

        next?.TrySetResult();
    }

    /// <summary>Leaves the line to look at the marks.</summary>
    public void LeaveToAsk(Sleeper sleeper)
    {
        lock (_gate)
        {
            if (sleeper.Place is not null)
            {
                Detach(sleeper);
            }
        }
    }

    private bool IsBetter(Mark mark, Mark best)
        => IsSuspect(mark) == IsSuspect(best) ? mark.ItemCount > best.ItemCount : IsSuspect(best);

    private bool IsSuspect(Mark mark) => mark.AskCount > 0 && time.GetElapsedTime(mark.AskedAt) > SuspicionDelay;

    private Sleeper Detach(Sleeper sleeper)
    {
        _sleepers.Remove(sleeper.Place!);
        sleeper.Place = null;
        return sleeper;
    }

    private void Remove(StoreId store)
    {
        _marks.Remove(store);
        _hasMarks = _marks.Count > 0;
    }

    /// <summary>One session in line.</summary>
    internal sealed class Sleeper() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        /// <summary>Null once it was woken or has left.</summary>
        public LinkedListNode<Sleeper>? Place { get; set; }

        /// <summary>Returns when it was woken, or after <paramref name="patience"/>.</summary>
        public async Task WaitAsync(TimeSpan patience, TimeProvider time)
        {
            using var cut = new CancellationTokenSource();
            await System.Threading.Tasks.Task.WhenAny(
                Task, System.Threading.Tasks.Task.Delay(patience, time, cut.Token));
            await cut.CancelAsync();
        }
    }

    private sealed class Mark
    {
        /// <summary>An estimate, at least 1.</summary>
        public long ItemCount { get; set; }

        /// <summary>Another one with everything heard, never used before.</summary>
        public long Version { get; set; }

        public int AskCount { get; set; }

        /// <summary>When the first unanswered question was asked, or the last answer came.</summary>
        public long AskedAt { get; set; }
    }
}

/// <summary>A take that is sent to a shard on the strength of its mark.</summary>
/// <param name="Store">The shard's store.</param>
/// <param name="Version">What was known of it then.</param>
internal readonly record struct ShardAsk(StoreId Store, long Version);
