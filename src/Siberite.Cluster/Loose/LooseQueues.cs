using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The loose queues that sessions of this silo use, and what keeps their marks right.</summary>
/// <remarks>
/// Marks come from news, which may be lost, so every <see cref="CountInterval"/> each other silo is asked for the
/// counts of all queues in use, in one call. Memory is per loose queue in use and per silo that has items of it.
/// </remarks>
internal sealed partial class LooseQueues : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>How often other silos are asked what they have. 10 s: it mends what was lost, and costs one call per
    /// pair of silos.</summary>
    internal static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(10);

    /// <summary>Queues in one count. 1,000: a few tens of kilobytes.</summary>
    private const int MaxQueriesPerCall = 1_000;

    private const string MarkPrefix = "loose/";

    private readonly LocalQueues _queues;
    private readonly IGrainFactory _grains;
    private readonly IShardPost _post;
    private readonly ShardHerald _herald;
    private readonly ILogger<LooseQueues> _log;
    private readonly ConcurrentDictionary<QueueName, LooseQueue> _used = new(QueueNameComparer.Instance);
    private readonly ConcurrentDictionary<QueueName, long> _expectedAt = new(QueueNameComparer.Instance);
    private ITimer? _countTimer;
    private int _turn;

    public LooseQueues(
        LocalQueues queues, IGrainFactory grains, IActiveStores stores, IShardPost post, ShardHerald herald,
        TimeProvider time, ILogger<LooseQueues> log)
    {
        _queues = queues;
        _grains = grains;
        _post = post;
        _herald = herald;
        _log = log;
        Stores = stores;
        Time = time;
    }

    public TimeProvider Time { get; }

    public IActiveStores Stores { get; }

    /// <summary>Set while this silo gives its queues away: appends then go to other silos.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Where a new queue, or a new shard, is to be: here, unless this silo gives away what it has.</summary>
    public StoreId ProposeHome()
        => IsDraining && Stores.OpenOthers() is { Count: > 0 } others
            ? others[NextTurn() % others.Count]
            : Stores.Local;

    /// <summary>The queue, with its local shard opened in memory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isJoined">Whether this silo is in its record, so that items may be put here.</param>
    public LooseQueue Open(QueueName name, bool isJoined)
    {
        var local = _queues.Open(name);
        var queue = _used.GetOrAdd(name, added =>
        {
            var learning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var made = new LooseQueue(this, local, learning.Task);
            _ = LearnAsync(made, learning);
            return made;
        });
        queue.Renew(local, isJoined);
        _herald.Watch(local);
        return queue;
    }

    /// <summary>The queue was deleted.</summary>
    public void Forget(QueueName name) => _used.TryRemove(name, out _);

    /// <summary>News of another silo's shards. What nobody here uses is not kept.</summary>
    public void Hear(StoreId store, ShardNews[] news)
    {
        foreach (var each in news)
        {
            if (_used.TryGetValue(each.Name, out var queue) && each.ItemCount > 0)
            {
                queue.Marks.Set(store, each.ItemCount, each.IsInvitation);
            }
        }
    }

    /// <summary>A session waits: the other silos should know, but not be told for every wait.</summary>
    public void ExpectNews(LooseQueue queue)
    {
        var now = Time.GetTimestamp();
        if (_expectedAt.TryGetValue(queue.Name, out var since) && Time.GetElapsedTime(since, now) < CountInterval)
        {
            return;
        }

        _expectedAt[queue.Name] = now;
        foreach (var store in Stores.Others())
        {
            _post.Expect(store, queue.Name);
        }
    }

    /// <summary>A shard could not be asked.</summary>
    public void NoteAway(LooseQueue queue, StoreId store, SiberiteException failure)
        => LogAway(_log, queue.Name.Value, store, failure.Message);

    /// <summary>Whether what this store has of the name, or had last, is a shard of a loose queue. The directory need
    /// not be asked to serve it.</summary>
    public static bool IsShard(LocalQueues queues, QueueName name)
        => queues.ReadState(MarkPrefix + name.Value) is not null;

    /// <summary>What the store has of the name, or will have, is a shard. In the one log before its first item: what is
    /// found after a crash is known to be one.</summary>
    public static void Mark(LocalQueues queues, QueueName name)
    {
        if (!IsShard(queues, name))
        {
            queues.PutState(MarkPrefix + name.Value, [1]);
        }
    }

    /// <summary>The shard is gone, and the name may become that of a strict queue.</summary>
    public static Commit Unmark(LocalQueues queues, QueueName name)
        => IsShard(queues, name) ? queues.PutState(MarkPrefix + name.Value, null) : default;

    /// <summary>The way to a shard of another silo. The router's own, so that each has one sender.</summary>
    public Func<QueueAddress, GrainQueue> Remote { get; set; } =
        static address => throw new InvalidOperationException($"No router has said how to reach {address}.");

    /// <summary>Makes another silo one of the queue's homes, with a shard to put items in.</summary>
    public async Task OpenShardAsync(QueueName name, StoreId store)
    {
        var directory = _grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        await GrainCallFailure.FromDirectoryAsync(() => directory.OpenLooseAsync(store), name);
    }

    /// <summary>The other stores that may have items of the queue, also those that are away.</summary>
    public async Task<IReadOnlyList<StoreId>> FindShardsAsync(QueueName name)
    {
        var directory = _grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        var found = await GrainCallFailure.FromDirectoryAsync(directory.FindAsync, name);
        return [.. (found?.Home.Stores ?? []).Where(store => store != Stores.Local)];
    }

    public int NextTurn() => Interlocked.Increment(ref _turn) & int.MaxValue;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(LooseQueues),
            ServiceLifecycleStage.Active,
            cancellation =>
            {
                _countTimer = Time.CreateTimer(
                    static state => _ = ((LooseQueues)state!).CountAsync(), this, CountInterval, CountInterval);
                return Task.CompletedTask;
            },
            _ =>
            {
                _countTimer?.Dispose();
                return Task.CompletedTask;
            });

    /// <inheritdoc/>
    public void Dispose() => _countTimer?.Dispose();

    /// <summary>Brings the marks of all queues in use up to date.</summary>
    internal async Task CountAsync()
    {
        _herald.Prune();
        var used = _used.Values.Where(queue => queue.TestUse()).ToArray();
        if (used.Length > 0)
        {
            await Task.WhenAll(Stores.Others().Select(store => CountAsync(store, used)));
        }
    }

    /// <summary>A queue that is new here: others may have items of it already.</summary>
    private async Task LearnAsync(LooseQueue queue, TaskCompletionSource learning)
    {
        var counts = Task.WhenAll(Stores.Others().Select(store => CountAsync(store, [queue])));
        using var cut = new CancellationTokenSource();
        await Task.WhenAny(counts, Task.Delay(LooseQueue.LearnTimeout, Time, cut.Token));
        await cut.CancelAsync();
        learning.SetResult();
    }

    private async Task CountAsync(StoreId store, LooseQueue[] used)
    {
        foreach (var part in used.Chunk(MaxQueriesPerCall))
        {
            try
            {
                var versions = Array.ConvertAll(part, queue => queue.Marks.VersionOf(store));
                var counts = await _post.CountAsync(
                    store, Array.ConvertAll(part, queue => new ShardQuery(queue.Name, queue.Marks.SleeperCount > 0)));
                for (var i = 0; i < part.Length; i++)
                {
                    Take(part[i], store, counts[i], versions[i]);
                }
            }
            catch (SiberiteException e)
            {
                LogNotCounted(_log, store, e.Message);
                return; // What was known of it stands: whoever asks the shard finds out.
            }
        }
    }

    private static void Take(LooseQueue queue, StoreId store, long count, long version)
    {
        if (count > 0)
        {
            queue.Marks.Set(store, count, isInvitation: true);
        }
        else
        {
            queue.Marks.ClearIfUnchanged(store, version);
        }
    }

    [LoggerMessage(2071, LogLevel.Debug, "Queue {Queue}: its shard in store {Store} was not reached: {Reason}")]
    private static partial void LogAway(ILogger log, string queue, StoreId store, string reason);

    [LoggerMessage(2072, LogLevel.Debug, "The shards in store {Store} were not counted: {Reason}")]
    private static partial void LogNotCounted(ILogger log, StoreId store, string reason);
}
