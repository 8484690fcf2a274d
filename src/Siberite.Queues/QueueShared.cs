using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>What all queues of a silo share.</summary>
internal sealed class QueueShared(
    IQueueStore store, CommitLog commits, EngineOptions options, TimeProvider time, IBackground background, ILogger log)
{
    private volatile bool _fansOut;

    public IQueueStore Store => store;

    public CommitLog Commits => commits;

    public TimeProvider Time => time;

    public IBackground Background => background;

    public ILogger Log => log;

    public CurrentQueueSettings Settings { get; } = new();

    public PayloadBudget Budget { get; } = new(options.PayloadCacheBytes);

    public MemoryBudget Memory { get; } = new(options.MaxMemoryQueueBytes);

    public QueueTally Tally { get; } = new();

    public Alarms Alarms { get; } = new(time, background);

    /// <summary>Where items go that leave their queue by themselves; <see langword="null"/> if all queues are
    /// here.</summary>
    public ITargetQueues? Targets { get; set; }

    /// <summary>This silo's queue of a name, which it makes if there is none.</summary>
    public Func<QueueName, Queue>? OpenHere { get; set; }

    /// <summary>Payloads from this size on go to files of their own.</summary>
    public int LargeBytes { get; } = store.LargeBytes;

    public int ReadAheadBytes => options.ReadAheadBytes;

    /// <summary>Whether what is appended to a parent is copied to its children.</summary>
    public bool FansOut { get => _fansOut; set => _fansOut = value; }

    /// <summary>Refuses appends while the disk is full or the store has failed. Closes need no room: they replace a
    /// record of a few bytes.</summary>
    public void ThrowIfRefusing()
    {
        commits.ThrowIfFailed();
        if (!store.HasRoom)
        {
            throw new SiberiteException(
                SiberiteError.DiskFull, "The disk has less room than the reserve.", inner: null);
        }
    }
}

/// <summary>How many queues came and went since the silo started. Thread-safe.</summary>
internal sealed class QueueTally
{
    private long _created;
    private long _deleted;
    private long _expired;

    public long Created => Volatile.Read(ref _created);

    public long Deleted => Volatile.Read(ref _deleted);

    public long Expired => Volatile.Read(ref _expired);

    /// <summary>A queue got its first item.</summary>
    public void NoteCreated() => Interlocked.Increment(ref _created);

    /// <summary>A queue that had items was deleted.</summary>
    public void NoteDeleted() => Interlocked.Increment(ref _deleted);

    /// <summary>It was, not by anybody but because it was empty and old.</summary>
    public void NoteExpired() => Interlocked.Increment(ref _expired);
}
