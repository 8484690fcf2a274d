using Siberite.Contracts;
using static Siberite.Storage.RocksNative;

namespace Siberite.Storage;

/// <summary>RocksDB's settings, each with its reason. Owns the native objects, which outlive the database.</summary>
internal sealed class RocksSettings : IDisposable
{
    private const int MaxMemtables = 3;

    /// <summary>Records, reader places and named state are small and often replaced: most of it dies in here.</summary>
    private const long MetadataMemtableBytes = 4L << 20;

    /// <summary>Bounds the replay at a start to about a second.</summary>
    private const ulong MaxLogBytes = 64UL << 20;

    /// <summary>A file is the unit in which drained space comes back without rewriting.</summary>
    private const ulong TableFileBytes = 32UL << 20;

    /// <summary>Fresh files that are merged at a time. Each of them holds the latest items of every queue, so a merge
    /// rewrites much of what lies below: 16 instead of 4 halves what is written to the disk for it. A reader looks into
    /// each of them once per 256 KiB it reads.</summary>
    private const int MergedFileCount = 16;

    /// <summary>Fresh files at which writers are slowed down, and at which they wait.</summary>
    private const int SlowingFileCount = 40;

    private const int StoppingFileCount = 60;

    /// <summary>Items are read in order, so a large block wastes little and keeps the index small.</summary>
    private const int ItemBlockBytes = 16 << 10;

    private const int MetadataBlockBytes = 4 << 10;
    private const int BackgroundThreads = 2;
    private const int MaxOpenFiles = 512;
    private const long MaxInfoLogBytes = 1 << 20;
    private const int KeptInfoLogs = 2;
    private const long MaxManifestBytes = 4 << 20;
    private const int WarnLevel = 2;
    private const int Lz4 = 4;

    /// <summary>Replay ends at the first record that is missing or torn, also when a later log is whole: no batch
    /// without the ones before it. <see cref="LogCheck"/> has made sure that what is dropped was torn.</summary>
    private const int PointInTime = 2;

    private readonly nint _cache;
    private readonly nint _buffers;

    /// <param name="options">Sizes.</param>
    /// <param name="compacts">Whether files are rewritten. RocksDB then also stops slowing writers down for the number
    /// of files that wait for it.</param>
    public RocksSettings(StorageOptions options, bool compacts)
    {
        _cache = rocksdb_cache_create_lru((nuint)options.BlockCacheBytes);
        _buffers = rocksdb_write_buffer_manager_create(
            (nuint)(MaxMemtables * options.MemtableBytes), allowStall: 0);
        Database = CreateDatabaseOptions();
        Metadata = CreateFamilyOptions(MetadataMemtableBytes, MetadataBlockBytes, compacts);
        Items = CreateFamilyOptions(options.MemtableBytes, ItemBlockBytes, compacts);
        Write = rocksdb_writeoptions_create();
    }

    public nint Database { get; }

    public nint Metadata { get; }

    public nint Items { get; }

    /// <summary>With the log, without a sync: <see cref="RocksDatabase.SyncLog"/> does that for many writes.</summary>
    public nint Write { get; }

    public void Dispose()
    {
        rocksdb_writeoptions_destroy(Write);
        rocksdb_options_destroy(Items);
        rocksdb_options_destroy(Metadata);
        rocksdb_options_destroy(Database);
        rocksdb_write_buffer_manager_destroy(_buffers);
        rocksdb_cache_destroy(_cache);
    }

    private nint CreateDatabaseOptions()
    {
        var options = rocksdb_options_create();
        rocksdb_options_set_create_if_missing(options, 1);
        rocksdb_options_set_create_missing_column_families(options, 1);
        rocksdb_options_set_wal_recovery_mode(options, PointInTime);

        // So that a log file that vanished or lost its end is noticed.
        rocksdb_options_set_track_and_verify_wals_in_manifest(options, 1);
        rocksdb_options_set_max_total_wal_size(options, MaxLogBytes);
        rocksdb_options_set_write_buffer_manager(options, _buffers);
        rocksdb_options_set_max_background_jobs(options, BackgroundThreads);

        // A failure is final: what RocksDB tried again behind our back would look like a success.
        rocksdb_options_set_max_bgerror_resume_count(options, 0);
        rocksdb_options_set_max_open_files(options, MaxOpenFiles);
        rocksdb_options_set_max_manifest_file_size(options, (nuint)MaxManifestBytes);
        rocksdb_options_set_info_log_level(options, WarnLevel);
        rocksdb_options_set_keep_log_file_num(options, KeptInfoLogs);
        rocksdb_options_set_max_log_file_size(options, (nuint)MaxInfoLogBytes);
        rocksdb_options_set_stats_dump_period_sec(options, 0);
        rocksdb_options_set_stats_persist_period_sec(options, 0);
        return options;
    }

    private nint CreateFamilyOptions(long memtableBytes, int blockBytes, bool compacts)
    {
        var options = rocksdb_options_create();
        rocksdb_options_set_disable_auto_compactions(options, compacts ? 0 : 1);
        rocksdb_options_set_write_buffer_size(options, (nuint)memtableBytes);
        rocksdb_options_set_max_write_buffer_number(options, MaxMemtables);
        rocksdb_options_set_target_file_size_base(options, TableFileBytes);
        rocksdb_options_set_level0_file_num_compaction_trigger(options, MergedFileCount);
        rocksdb_options_set_level0_slowdown_writes_trigger(options, SlowingFileCount);
        rocksdb_options_set_level0_stop_writes_trigger(options, StoppingFileCount);

        // The same on every level: files of one queue follow each other, and RocksDB moves such a file down without
        // rewriting it only if its compression is right already. LZ4 costs about a second per gigabyte and gives up
        // early on what does not shrink.
        rocksdb_options_set_compression(options, Lz4);

        // No filters: items are found by range, and the metadata is read once.
        var table = rocksdb_block_based_options_create();
        rocksdb_block_based_options_set_block_size(table, (nuint)blockBytes);
        rocksdb_block_based_options_set_block_cache(table, _cache);

        // Otherwise every open file holds its whole index in memory that nothing counts.
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
        rocksdb_options_set_block_based_table_factory(options, table);
        rocksdb_block_based_options_destroy(table);
        return options;
    }
}
