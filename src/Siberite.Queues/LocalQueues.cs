using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>All queues of this silo.</summary>
/// <remarks>
/// A queue exists durably from its first append on; before that it is a name in memory for those who wait for it.
/// Thread-safe. Owns the commit log, not the store.
/// A queue whose bytes are damaged keeps its name, its id and its bytes, and refuses everything but its deletion. If
/// its very name is unreadable, it goes by <c>unreadable-</c> and its id, and every name that is not known is
/// refused: it may be that one's, and must not look empty.
/// </remarks>
public sealed partial class LocalQueues : IDisposable
{
    private const string NextQueueIdKey = "engine/next-queue-id";

    /// <summary>How often idle queues are looked after. 2 s: space and memory come back soon after a drain, and 100,000
    /// idle queues cost a few milliseconds.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);

    private readonly IQueueStore _store;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly QueueShared _shared;
    private readonly ConcurrentDictionary<QueueName, Queue> _queues = new(QueueNameComparer.Instance);
    private readonly Lock _naming = new(); // Guards creation and deletion.
    private readonly ITimer _sweepTimer;
    private readonly CommitLog _commits;
    private long _nextQueueId = 1;
    private readonly ConcurrentQueue<(long QueueId, Commit Commit, bool MayRewrite)> _dropped = new();
    private int _isSweeping;
    private volatile int _namelessCount; // Damaged queues of which nobody knows the name.

    /// <summary>Finds the queues of <paramref name="store"/> and starts the commit log.</summary>
    public LocalQueues(
        IQueueStore store, EngineOptions engine, StorageOptions storage, TimeProvider time, ILogger<LocalQueues> log)
        : this(store, engine, storage, time, PoolBackground.Instance, log)
    {
    }

    /// <summary>The same, with the say over what runs in the background.</summary>
    public LocalQueues(
        IQueueStore store, EngineOptions engine, StorageOptions storage, TimeProvider time, IBackground background,
        ILogger log)
    {
        _store = store;
        _options = engine;
        _time = time;
        _commits = new CommitLog(store, storage, time, background, log);
        store.Failed += _commits.FailFrom;
        _shared = new QueueShared(store, _commits, engine, time, background, log);
        _shared.OpenHere = Open;
        AddStoredQueues(log);

        LoadMoves();
        if (store.ReadState(NextQueueIdKey) is { } kept)
        {
            _nextQueueId = Math.Max(_nextQueueId, BinaryPrimitives.ReadInt64LittleEndian(kept));
        }

        _sweepTimer = time.CreateTimer(
            static state => ((LocalQueues)state!).Sweep(), this, SweepInterval, SweepInterval);
    }

    /// <summary>This silo's commits.</summary>
    public ICommitLog Commits => _commits;

    /// <summary>What the queues are told. Whoever reads the configuration replaces it.</summary>
    public CurrentQueueSettings Settings => _shared.Settings;

    /// <summary>What the items of queues without a journal take of the memory, beside the payloads that others have
    /// there for a while.</summary>
    public long MemoryQueueBytes => _shared.Memory.UsedBytes;

    /// <summary>Finds the queues that items go to by themselves. Without it they are looked for, and made, here.
    /// </summary>
    public ITargetQueues? Targets
    {
        get => _shared.Targets;
        set => _shared.Targets = value;
    }

    /// <summary>The home these queues have.</summary>
    public StoreId StoreId => _store.Id;

    /// <summary>Queues that exist durably.</summary>
    public int QueueCount => _queues.Count(pair => pair.Value.IsStored);

    /// <summary>Items that wait in all of them.</summary>
    public long ItemCount => _queues.Sum(pair => pair.Value.ItemCount);

    /// <summary>Called once, on any thread, when a write or sync failed.</summary>
    public event Action<Exception>? Failed
    {
        add => _commits.Failed += value;
        remove => _commits.Failed -= value;
    }

    /// <summary>The queue, or <see langword="null"/> if it does not exist durably.</summary>
    public Queue? Find(QueueName name)
    {
        if (_queues.TryGetValue(name, out var queue) && queue.IsStored)
        {
            return queue;
        }

        ThrowIfNameless();
        return null;
    }

    /// <summary>The queue, also one that is in memory only, or <see langword="null"/> if it is not even that.</summary>
    public Queue? FindOpened(QueueName name) => _queues.GetValueOrDefault(name);

    /// <summary>The queue, in memory only until somebody appends to it.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyQueues"/>.</exception>
    public Queue FindForWait(QueueName name) => Open(name);

    /// <summary>The queue; it becomes durable with its first append.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyQueues"/>.</exception>
    public Queue Open(QueueName name)
    {
        if (_queues.TryGetValue(name, out var found))
        {
            return found;
        }

        lock (_naming)
        {
            if (_queues.TryGetValue(name, out found))
            {
                return found;
            }

            ThrowIfDeparted(name);
            ThrowIfParentMoves(name);
            ThrowIfNameless();
            if (_queues.Count >= _options.MaxQueues)
            {
                throw new SiberiteException(SiberiteError.TooManyQueues, "The silo has too many queues.", inner: null);
            }

            var record = new QueueRecord(_nextQueueId++, name.Value, _time.GetUtcNow().ToUnixTimeMilliseconds());
            var unread = new ReaderState(Position: 1, ClosedBytes: 0, Closed: default);
            var created = new Queue(_shared, new StoredQueue(record, unread, 0, 0), name, isStored: false);
            if (name.IsChild)
            {
                created.Persist(); // A subscription must not be lost, so it is durable before its first item.
            }

            _queues[name] = created;
            Subscribe(created);
            return created;
        }
    }

    /// <summary>Appends one item to each queue in one batch: all or nothing.</summary>
    public AppendResult AppendToAll(IReadOnlyList<QueueName> names, in ItemDraft draft)
    {
        return JointAppend.Append(_shared, [.. names.Select(Open)], draft);
    }

    /// <summary>The same for queues that are open already; opens none.</summary>
    /// <returns><see cref="AppendStatus.Gone"/>, and nothing was appended, if one of them is not.</returns>
    public AppendResult AppendToOpened(IReadOnlyList<QueueName> names, in ItemDraft draft)
    {
        var queues = names.Select(FindOpened).OfType<Queue>().ToArray();
        return queues.Length == names.Count
            ? JointAppend.Append(_shared, queues, draft)
            : new AppendResult(AppendStatus.Gone, default);
    }

    /// <summary>Deletes the queue with its items, open reads and waits. An unknown name is fine.</summary>
    public Commit Delete(QueueName name)
    {
        lock (_naming)
        {
            ThrowIfDeparted(name);
            if (!_queues.TryGetValue(name, out var queue))
            {
                return default;
            }

            var commit = queue.Delete(_nextQueueId); // Throws while the queue is being moved.
            _queues.TryRemove(name, out _);
            Unsubscribe(queue);
            if (commit.Batch > 0)
            {
                _shared.Tally.NoteDeleted();

                // What is damaged must not be read again, and rewriting reads.
                _dropped.Enqueue((queue.Id, commit, MayRewrite: !queue.IsDamaged));
            }

            _namelessCount = _queues.Count(pair => pair.Value.IsNameless);
            return commit;
        }
    }

    /// <summary>Purges every queue that can be read.</summary>
    /// <returns>The last commit of them.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>: some could not be, the others
    /// are purged.</exception>
    public Commit PurgeAll()
    {
        Commit last = default;
        Queue? damaged = null;
        Queue? moving = null;
        foreach (var (_, queue) in _queues)
        {
            if (queue.IsDamaged)
            {
                damaged = queue;
                continue;
            }

            if (!queue.TryPurge(out var commit))
            {
                moving = queue; // The others must not stay because of it.
                continue;
            }

            last = commit.Batch > last.Batch ? commit : last;
        }

        damaged?.ThrowIfDamaged();
        moving?.ThrowIfHeldStill();
        return last;
    }

    /// <summary>Statistics of every queue, or of the one named, if it exists.</summary>
    public IReadOnlyList<QueueStats> GetStats(QueueName? name)
        => name is null
            ? [.. _queues.Values.Where(IsWorthShowing).Select(queue => queue.GetStats())]
            : _queues.TryGetValue(name, out var found) && IsWorthShowing(found) ? [found.GetStats()] : [];

    /// <summary>How many queues came and went since the start, and what all take of the memory for payload.</summary>
    public QueueCounters GetCounters()
        => new(
            _shared.Tally.Created, _shared.Tally.Deleted, _shared.Tally.Expired, _shared.Budget.UsedBytes,
            _options.PayloadCacheBytes);

    /// <summary>A named piece of state kept beside the queues, or <see langword="null"/>.</summary>
    public byte[]? ReadState(string key) => _store.ReadState(key);

    /// <summary>Replaces a named piece of state; <see langword="null"/> removes it.</summary>
    public Commit PutState(string key, byte[]? value)
        => _commits.Mutate((key, value), static (batch, state) => batch.PutState(state.key, state.value));

    /// <summary>Gives back what sessions of a gateway that is gone have open.</summary>
    public void ReturnAll(long gateway)
    {
        foreach (var (_, queue) in _queues)
        {
            queue.ReturnAll(gateway);
        }
    }

    /// <summary>Ends every wait as if its time had run out.</summary>
    public void EndWaits()
    {
        foreach (var (_, queue) in _queues)
        {
            queue.EndWaits();
        }
    }

    /// <summary>Commits and syncs everything. Nothing may be appended any more.</summary>
    public void Dispose()
    {
        _store.Failed -= _commits.FailFrom;
        _sweepTimer.Dispose();
        _shared.Alarms.Dispose();
        EndWaits();
        NoteFleeting();
        _commits.Dispose();
    }

    internal static void PutNextQueueId(IStoreBatch batch, long nextQueueId)
    {
        var value = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(value, nextQueueId);
        batch.PutState(NextQueueIdKey, value);
    }

    /// <summary>Commits what is open. For tests whose background has no threads.</summary>
    internal void CommitNow() => _commits.CommitNow();

    internal void Sweep()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) != 0)
        {
            return; // Giving space back can take longer than the interval.
        }

        try
        {
            List<QueueName> outlived = [];
            foreach (var (name, queue) in _queues)
            {
                if (queue.IsAbandoned())
                {
                    RemoveAbandoned(name, queue);
                }
                else
                {
                    LookAfter(queue);
                }

                queue.TrimIds();
                if (queue.HasOutlived())
                {
                    outlived.Add(name);
                }
            }

            if (outlived.Count > 0)
            {
                Outlived?.Invoke(outlived);
            }

            LookAtExpiries();

            ReclaimDropped();
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.StorageFailed)
        {
            _commits.FailFrom(e); // The store refuses everything from now on: whoever waits for it must know.
        }
        catch (ObjectDisposedException)
        {
            // The silo has stopped meanwhile.
        }
        finally
        {
            Volatile.Write(ref _isSweeping, 0);
        }
    }

    private void LookAfter(Queue queue)
    {
        try
        {
            queue.Retain();
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.ItemUnreadable)
        {
            LogNotRetained(_shared.Log, queue.Name.Value, e); // Its readers are told as well; others must not wait.
        }

        if (queue.Sweep() && !_commits.HasFailed)
        {
            queue.ReclaimSpace();
        }
    }

    private static bool IsWorthShowing(Queue queue) => queue.IsStored || queue.HasWaiters;

    /// <summary>Gives the space of deleted queues back, once nothing can bring them back.</summary>
    private void ReclaimDropped()
    {
        while (!_commits.HasFailed && _dropped.TryPeek(out var dropped))
        {
            if (!_commits.IsDone(dropped.Commit))
            {
                _commits.Request(dropped.Commit); // For the next sweep.
                return;
            }

            _dropped.TryDequeue(out _);
            _store.ReclaimSpace(dropped.QueueId, long.MaxValue, isEmpty: dropped.MayRewrite);
        }
    }

    private void RemoveAbandoned(QueueName name, Queue queue)
    {
        lock (_naming)
        {
            if (queue.TryAbandon())
            {
                _queues.TryRemove(new KeyValuePair<QueueName, Queue>(name, queue));
            }
        }
    }

    [LoggerMessage(1541, LogLevel.Warning,
        "Queue {Queue}: what its retention settings no longer keep could not be read.")]
    private static partial void LogNotRetained(ILogger log, string queue, Exception failure);
}
