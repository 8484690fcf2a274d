using System.Collections.Concurrent;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Tells other silos that this silo's shards of loose queues have items.</summary>
/// <remarks>
/// A shard calls out once, when it gets its first item, and not again before a silo has found it empty: until then all
/// of them know. Of the silos whose sessions wait, it invites as many as there are items; if items are still there a
/// moment later, the next ones, and so on. Thus one item does not make every silo come for it, and a silo that does not
/// come costs a moment only.
/// </remarks>
internal sealed class ShardHerald(IActiveStores stores, IShardPost post, TimeProvider time)
{
    /// <summary>How long those who were invited have before the next are. 20 ms: several times what a call takes in a
    /// healthy network.</summary>
    internal static readonly TimeSpan StepDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a silo whose sessions wait is invited before others. 30 s: three times as long as the silo
    /// takes to say so again.</summary>
    internal static readonly TimeSpan ExpectationLife = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<QueueName, Shard> _shards = new();

    /// <summary>Makes <paramref name="queue"/> a shard whose items are told of.</summary>
    public void Watch(Queue queue)
    {
        var shard = _shards.GetOrAdd(queue.Name, static (_, herald) => new Shard(herald), this);
        if (shard.TrySetQueue(queue))
        {
            queue.Watch(shard);
        }
    }

    /// <summary>Forgets shards that were deleted.</summary>
    public void Prune()
    {
        foreach (var (name, shard) in _shards)
        {
            if (shard.HasEnded)
            {
                _shards.TryRemove(new(name, shard));
            }
        }
    }

    /// <summary>Another silo found the shard empty: the next item must be told again.</summary>
    public void NoteFoundEmpty(QueueName name)
    {
        if (_shards.TryGetValue(name, out var shard))
        {
            shard.NoteFoundEmpty();
        }
    }

    /// <summary>Sessions of another silo wait for items of the queue.</summary>
    public void NoteExpectation(StoreId store, QueueName name)
    {
        if (_shards.TryGetValue(name, out var shard))
        {
            shard.NoteExpectation(store);
        }
    }

    private IActiveStores Stores => stores;

    private IShardPost Post => post;

    private TimeProvider Time => time;

    private sealed class Shard(ShardHerald herald) : IQueueWatcher, IThreadPoolWorkItem
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<StoreId, long> _expectations = []; // Since when. At most one per silo there was.
        private readonly Queue<StoreId> _uninvited = new();
        private volatile Queue? _queue;
        private int _isTold;
        private int _turn;
        private ITimer? _stepTimer;

        public bool HasEnded => _queue?.HasEnded == true;

        public bool TrySetQueue(Queue queue)
        {
            lock (_gate)
            {
                var isNew = _queue != queue;
                _queue = queue;
                if (isNew)
                {
                    Volatile.Write(ref _isTold, 0);
                }

                return isNew;
            }
        }

        public void OnAvailable(long itemCount)
        {
            if (Volatile.Read(ref _isTold) == 0 && Interlocked.Exchange(ref _isTold, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        public void NoteFoundEmpty()
        {
            Volatile.Write(ref _isTold, 0);

            // An item that came between the answer and this line found all told.
            if (_queue?.WaitingCount is > 0 and var count)
            {
                OnAvailable(count);
            }
        }

        public void NoteExpectation(StoreId store)
        {
            lock (_gate)
            {
                _expectations[store] = herald.Time.GetTimestamp();
            }
        }

        void IThreadPoolWorkItem.Execute()
        {
            lock (_gate)
            {
                PutInOrder(herald.Stores.Others());
                InviteNext(isFirst: true);
            }
        }

        /// <summary>Those whose sessions wait come first, each silo first in its turn.</summary>
        private void PutInOrder(IReadOnlyList<StoreId> others)
        {
            _uninvited.Clear();
            _turn++;
            var waiting = others.Where(IsExpecting).ToArray();
            foreach (var group in (StoreId[][])[waiting, [.. others.Except(waiting)]])
            {
                for (var i = 0; i < group.Length; i++)
                {
                    _uninvited.Enqueue(group[(_turn + i) % group.Length]);
                }
            }
        }

        private bool IsExpecting(StoreId store)
            => _expectations.TryGetValue(store, out var since)
                && herald.Time.GetElapsedTime(since) < ExpectationLife;

        private void InviteNext(bool isFirst)
        {
            var count = _queue?.WaitingCount ?? 0;
            if (count <= 0)
            {
                _uninvited.Clear();
                NoteFoundEmpty(); // Some may not have been told.
                return;
            }

            var name = _queue!.Name;
            for (var i = 0L; i < count && _uninvited.TryDequeue(out var store); i++)
            {
                herald.Post.Tell(store, new ShardNews(name, count, IsInvitation: true));
            }

            if (isFirst)
            {
                foreach (var store in _uninvited)
                {
                    herald.Post.Tell(store, new ShardNews(name, count, IsInvitation: false));
                }
            }

            if (_uninvited.Count > 0)
            {
                _stepTimer ??= herald.Time.CreateTimer(
                    static state => ((Shard)state!).Step(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _stepTimer.Change(StepDelay, Timeout.InfiniteTimeSpan);
            }
        }

        private void Step()
        {
            lock (_gate)
            {
                if (_uninvited.Count > 0)
                {
                    InviteNext(isFirst: false);
                }
            }
        }
    }
}
