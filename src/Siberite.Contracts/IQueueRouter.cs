using System.Diagnostics.CodeAnalysis;

namespace Siberite.Contracts;

/// <summary>Finds queues by name, wherever they live. All a gateway knows of the cluster.</summary>
public interface IQueueRouter
{
    /// <summary>This silo's commits; commits of other silos come back done.</summary>
    ICommitLog Commits { get; }

    /// <summary>The queue, if it was resolved before and still stands. Never waits, never allocates.</summary>
    bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue);

    /// <summary>The queue, or <see langword="null"/> if no such queue exists. Creates nothing.</summary>
    ValueTask<IQueue?> FindAsync(QueueName name);

    /// <summary>The queue, to wait for its first item. On a silo that is alone it is kept in memory only until somebody
    /// appends; in a cluster it is given a home, where those who wait and those who append meet.</summary>
    ValueTask<IQueue> FindForWaitAsync(QueueName name);

    /// <summary>The queue, created with a durable home record if it does not exist.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyQueues"/>.</exception>
    ValueTask<IQueue> OpenAsync(QueueName name);

    /// <summary>Appends one item to each queue, all or nothing.</summary>
    ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft);

    /// <summary>Deletes the queue with all its items, open ones too, and ends its waits. Unknown names are
    /// fine.</summary>
    ValueTask<Commit> DeleteAsync(QueueName name);

    /// <summary>Purges every queue, on every silo that can be reached.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SilosAway"/>: some silos were not reached, and are
    /// named; all others are purged.</exception>
    ValueTask<Commit> PurgeAllAsync();

    /// <summary>Drops expired items at the heads of every queue, or of the one named, on every silo that can be
    /// reached; those with a queue to go to are sent there.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SilosAway"/>: some silos were not reached, and are
    /// named; all others are done.</exception>
    ValueTask<long> DropExpiredAsync(QueueName? name);

    /// <summary>Statistics of every queue, or of the one named, as far as silos can be reached.</summary>
    /// <param name="name">One queue only; <see langword="null"/> for all.</param>
    /// <param name="scope">This silo, or the whole cluster.</param>
    ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope);
}

/// <summary>What <c>stats</c> speaks of.</summary>
public enum StatsScope : byte
{
    /// <summary>All silos.</summary>
    Cluster = 0,

    /// <summary>The silo that was asked.</summary>
    Silo = 1,
}

/// <summary>Which keys <c>stats</c> has for each queue.</summary>
public enum StatsProfile : byte
{
    /// <summary>Siberite's, and others that its clients do not mistake for those.</summary>
    Siberite = 0,

    /// <summary>All of Kestrel's.</summary>
    Kestrel = 1,
}

/// <summary>Queues of several silos at a moment.</summary>
/// <param name="Queues">One entry for each queue and store.</param>
/// <param name="Silos">The silos that were asked, those that did not answer included.</param>
[GenerateSerializer, Immutable, Alias("siberite.cluster-stats")]
public sealed record ClusterStats(
    [property: Id(0)] IReadOnlyList<QueueStats> Queues, [property: Id(1)] IReadOnlyList<SiloStats> Silos)
{
    /// <summary>How many did not answer: their queues are not among <see cref="Queues"/>.</summary>
    public int AwayCount => Silos.Count(silo => silo.IsAway);
}

/// <summary>One silo in a look at the cluster.</summary>
/// <param name="Store">Its store.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsAway">Whether it did not answer. The counts are what it reported last, then.</param>
/// <param name="IsDraining">Whether it takes no new queues.</param>
/// <param name="QueueCount">Its queues.</param>
/// <param name="ItemCount">Items that wait in them.</param>
/// <param name="Report">What it said of itself; <see langword="null"/> while it is away.</param>
[GenerateSerializer, Immutable, Alias("siberite.silo-stats")]
public sealed record SiloStats(
    [property: Id(0)] StoreId Store,
    [property: Id(1)] string Name,
    [property: Id(2)] bool IsAway,
    [property: Id(3)] bool IsDraining,
    [property: Id(4)] long QueueCount,
    [property: Id(5)] long ItemCount,
    [property: Id(6)] SiloReport? Report)
{
    /// <summary>What it has done; <see langword="null"/> while it is away.</summary>
    [Id(20)]
    public SiloCounters? Counters { get; init; }
}

/// <summary>One queue at a moment.</summary>
/// <param name="Name">The queue.</param>
/// <param name="Store">Where it lives.</param>
/// <param name="ItemCount">Items that wait: neither open nor closed.</param>
/// <param name="ItemBytes">Their payload bytes.</param>
/// <param name="OldestEnqueuedAt">When the next item was appended, in Unix milliseconds; 0 when unknown or
/// none.</param>
/// <param name="OpenReadCount">Items in the hands of sessions.</param>
/// <param name="WaiterCount">Sessions that wait for an item.</param>
/// <param name="AppendedCount">Items appended since the queue was created.</param>
/// <param name="TakenCount">Items handed out since the silo started, redeliveries included.</param>
/// <param name="ClosedCount">Items closed since the silo started.</param>
/// <param name="AbortedCount">Items given back since the silo started.</param>
/// <param name="ExpiredCount">Items that expired since the silo started.</param>
/// <param name="CachedBytes">Payload bytes of this queue held in memory.</param>
/// <param name="DiscardedCount">Items dropped since the silo started because the queue was full.</param>
/// <param name="IsUnreadable">Whether its stored bytes were found unreadable at the start: every command but a delete
/// is refused, and the other figures say nothing.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-stats")]
public sealed record QueueStats(
    [property: Id(0)] string Name,
    [property: Id(1)] StoreId Store,
    [property: Id(2)] long ItemCount,
    [property: Id(3)] long ItemBytes,
    [property: Id(4)] long OldestEnqueuedAt,
    [property: Id(5)] int OpenReadCount,
    [property: Id(6)] int WaiterCount,
    [property: Id(7)] long AppendedCount,
    [property: Id(8)] long TakenCount,
    [property: Id(9)] long ClosedCount,
    [property: Id(10)] long AbortedCount,
    [property: Id(11)] long ExpiredCount,
    [property: Id(12)] long CachedBytes,
    [property: Id(13)] long DiscardedCount,
    [property: Id(14)] bool IsUnreadable)
{
    /// <summary>Items handed out to be closed since the silo started.</summary>
    [Id(40)]
    public long OpenedCount { get; init; }

    /// <summary>Items held in memory of those that wait.</summary>
    [Id(41)]
    public int CachedCount { get; init; }

    /// <summary>Purges since the silo started.</summary>
    [Id(42)]
    public long PurgeCount { get; init; }

    /// <summary>Payload bytes that are on disk: of items that wait or are open, and closed ones not yet
    /// trimmed.</summary>
    [Id(43)]
    public long StoredBytes { get; init; }

    /// <summary>Whether reads are refused by a setting.</summary>
    [Id(15)]
    public bool IsPaused { get; init; }

    /// <summary>Items that are not due yet; not among <see cref="ItemCount"/>.</summary>
    [Id(30)]
    public long DelayedCount { get; init; }

    /// <summary>Their payload bytes.</summary>
    [Id(31)]
    public long DelayedBytes { get; init; }

    /// <summary>Sets refused since the silo started because their id was seen before.</summary>
    [Id(32)]
    public long DuplicateCount { get; init; }

    /// <summary>Open reads since the silo started whose session was lost or whose lease ran out.</summary>
    [Id(33)]
    public long FailedCount { get; init; }

    /// <summary>Items since the silo started that went to the dead-letter queue.</summary>
    [Id(34)]
    public long DeadLetterCount { get; init; }

    /// <summary>Items since the silo started that were kept back after they were opened in vain.</summary>
    [Id(35)]
    public long RetriedCount { get; init; }

    /// <summary>Its cursors, by name.</summary>
    [Id(60)]
    public IReadOnlyList<CursorStats> Cursors { get; init; } = [];

    /// <summary>Its children, by name, if it is the parent of a fanout.</summary>
    [Id(62)]
    public IReadOnlyList<string> Children { get; init; } = [];

    /// <summary>Whether more is kept for cursors than the settings call normal.</summary>
    [Id(61)]
    public bool IsHeldByCursors { get; init; }
}

/// <summary>One cursor at a moment.</summary>
/// <param name="Name">Its name within the queue.</param>
/// <param name="ItemCount">Items that wait for it: neither open nor closed.</param>
/// <param name="OpenReadCount">Items in the hands of its sessions.</param>
/// <param name="WaiterCount">Sessions that wait for an item.</param>
/// <param name="TakenCount">Items handed out since the silo started, redeliveries included.</param>
/// <param name="UsedAt">When it was last asked for an item, or the silo's start, in Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("siberite.cursor-stats")]
public sealed record CursorStats(
    [property: Id(0)] string Name,
    [property: Id(1)] long ItemCount,
    [property: Id(2)] int OpenReadCount,
    [property: Id(3)] int WaiterCount,
    [property: Id(4)] long TakenCount,
    [property: Id(5)] long UsedAt);
