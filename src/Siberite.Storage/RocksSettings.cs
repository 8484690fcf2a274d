using RocksDbSharp;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>How RocksDB is set up for queues: written at the tail, read once at the head, deleted in ranges.</summary>
internal static class RocksSettings
{
    /// <summary>Bytes of write-ahead log that a start may have to replay. Half a second's work.</summary>
    private const ulong MaxWalBytes = 64 << 20;

    /// <summary>Items lie side by side and are read in order, so large blocks cost nothing and keep indexes small.</summary>
    private const ulong ItemBlockBytes = 32 << 10;

    /// <summary>Memtables of both families together; RocksDB flushes before it exceeds them.</summary>
    private const int MemtableCount = 3;

    public static DbOptions Database(StorageOptions options)
        => new DbOptions()
            .SetCreateIfMissing(true)
            .SetCreateMissingColumnFamilies(true)

            // A torn tail is a crash; damage anywhere else refuses the start and is not cut off in silence.
            .SetWalRecoveryMode(Recovery.TolerateCorruptedTailRecords)
            .SetMaxTotalWalSize(MaxWalBytes)
            .SetDbWriteBufferSize((ulong)(MemtableCount * options.MemtableBytes))
            .SetMaxOpenFiles(512)
            .SkipStatsUpdateOnOpen(true)
            .SetMaxBackgroundCompactions(2)
            .SetMaxBackgroundFlushes(1)
            .SetBytesPerSync(1 << 20) // Background files reach the disk steadily and do not delay a commit's sync.
            .SetAllowConcurrentMemtableWrite(false) // There is one committer.
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetKeepLogFileNum(2)
            .SetMaxLogFileSize(1 << 20)
            .SetStatsDumpPeriodSec(0)
            .SetTableCacheNumShardbits(2);

    /// <summary>Queue records, readers' places, named state: small, and rewritten all the time.</summary>
    public static ColumnFamilyOptions Metadata(Cache cache)
        => new ColumnFamilyOptions()
            .SetWriteBufferSize(4 << 20)
            .SetMaxWriteBufferNumber(2)
            .SetCompression(Compression.No)
            .SetBlockBasedTableFactory(Tables(cache, 4 << 10));

    /// <summary>The items themselves.</summary>
    public static ColumnFamilyOptions Items(StorageOptions options, Cache cache)
        => new ColumnFamilyOptions()
            .SetWriteBufferSize((ulong)options.MemtableBytes)
            .SetMaxWriteBufferNumber(MemtableCount)
            .SetTargetFileSizeBase(32 << 20)
            .SetMaxBytesForLevelBase(256 << 20)
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetCompression(Compression.No) // Payloads are the clients' business; the CPU is better spent on clients.
            .SetBlockBasedTableFactory(Tables(cache, ItemBlockBytes));

    private static BlockBasedTableOptions Tables(Cache cache, ulong blockBytes)
        => new BlockBasedTableOptions()
            .SetBlockCache(cache)
            .SetBlockSize(blockBytes)
            .SetCacheIndexAndFilterBlocks(true)
            .SetFormatVersion(5);
}
