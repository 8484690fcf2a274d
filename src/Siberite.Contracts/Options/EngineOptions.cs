namespace Siberite.Contracts;

/// <summary>How the engine uses memory. Section <c>Siberite:Engine</c>.</summary>
public sealed class EngineOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Engine";

    /// <summary>Payload bytes that all queues together hold in memory to serve them without reading the disk. Default
    /// 8 MiB: short queues live in it, long ones are read ahead through it. Uncommitted items come on top.</summary>
    public long PayloadCacheBytes { get; set; } = 8L << 20;

    /// <summary>Payload bytes read from disk at a time for a queue that is being drained. Default 256 KiB: a few
    /// milliseconds of work ahead of the readers.</summary>
    public int ReadAheadBytes { get; set; } = 256 << 10;

    /// <summary>Memory that the items of all queues without a journal take together, in bytes, from which on such a
    /// queue is refused more. Default 256 MiB: four of them at their own default limit.</summary>
    public long MaxMemoryQueueBytes { get; set; } = 256L << 20;

    /// <summary>Most queues a silo may have. Default 1,000,000: a guard against names made by mistake, not a budget;
    /// an idle queue costs about a kilobyte.</summary>
    public int MaxQueues { get; set; } = 1_000_000;
}
