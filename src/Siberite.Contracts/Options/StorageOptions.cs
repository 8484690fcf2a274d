namespace Siberite.Contracts;

/// <summary>What <c>STORED</c> means.</summary>
public enum Durability
{
    /// <summary>On disk: synced before the reply, one sync for all who wait.</summary>
    Always = 0,

    /// <summary>Handed to the operating system, and synced every <see cref="StorageOptions.SyncInterval"/>.</summary>
    Interval = 1,

    /// <summary>Handed to the operating system, as Siberite and Darner did. A power cut may lose it.</summary>
    Os = 2,
}

/// <summary>Where and how queues are kept. Section <c>Siberite:Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Storage";

    /// <summary>Directory of this silo's queues, on a local disk that this silo alone uses. Default <c>./data</c>, so
    /// that a first start needs no decision; created with mode 0700 if missing.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>What <c>STORED</c> promises: <c>Always</c>, <c>Interval</c> or <c>Os</c>. Default <c>Always</c>,
    /// because a queue that loses acknowledged items is not one.</summary>
    public Durability Durability { get; set; } = Durability.Always;

    /// <summary>Time between syncs under <c>Interval</c>. Default 100 ms, Kestrel's production setting.</summary>
    public TimeSpan SyncInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes of free disk kept for closes, deletes and compaction; below it sets are refused with
    /// <c>SERVER_ERROR disk full</c>. Default 256 MiB, a few of RocksDB's files.</summary>
    public long ReserveBytes { get; set; } = 256L << 20;

    /// <summary>Bytes of RocksDB's block cache, indexes included. Default 16 MiB: a queue reads forward and rarely
    /// twice.</summary>
    public long BlockCacheBytes { get; set; } = 16L << 20;

    /// <summary>Bytes of one RocksDB memtable; at most three exist. Default 8 MiB: large enough that most items of a
    /// short queue die in memory, small enough for a small resident set.</summary>
    public long MemtableBytes { get; set; } = 8L << 20;

    /// <summary>Payloads from this size on go once to files of their own, and not through RocksDB's log and tables.
    /// Default 32 KiB: below it a file of its own costs more calls than it spares copies. 0 for never.</summary>
    public int LargeItemBytes { get; set; } = 32 << 10;

    /// <summary>Payloads from this size on are written once, to payload files, when they come in large batches. Default
    /// 512: below it the item's own record is as long. 0 for never.</summary>
    public int PackedItemBytes { get; set; } = 512;

    /// <summary>Payload bytes of a batch from which on the next one is packed. Default 64 KiB: below it the second file
    /// to be written and synced costs more time than it spares. 0 for always.</summary>
    public int PackedBatchBytes { get; set; } = 64 << 10;

    /// <summary>Whether the process exits (non-zero) after a failed write or sync. Default true: a supervisor restarts
    /// it into recovery. False keeps it up, answering errors, for inspection.</summary>
    public bool ExitOnFailure { get; set; } = true;
}
