using Siberite.Contracts;
using static Siberite.Storage.RocksNative;

namespace Siberite.Storage;

/// <summary>One open RocksDB with our two column families. Every failure is a <see cref="RocksException"/>.</summary>
internal sealed unsafe class RocksDatabase : IDisposable
{
    private readonly RocksSettings _settings;
    private readonly nint _database;
    private readonly nint _metadata;
    private readonly nint _items;

    private RocksDatabase(RocksSettings settings, bool compacts, nint database, nint metadata, nint items)
    {
        (_settings, _database, _metadata, _items) = (settings, database, metadata, items);
        Compacts = compacts;
        ItemsFamily = rocksdb_column_family_handle_get_id(items);
    }

    /// <summary>The number of the column family that holds the items.</summary>
    public uint ItemsFamily { get; }

    /// <summary>Whether it rewrites its files; otherwise they are only added, and dropped as a whole.</summary>
    public bool Compacts { get; }

    public static RocksDatabase Open(string path, StorageOptions options, bool compacts)
    {
        var settings = new RocksSettings(options, compacts);
        try
        {
            // The default family must be opened and is where the metadata lives.
            fixed (byte* metadataName = "default\0"u8, itemsName = "items\0"u8)
            {
                var names = stackalloc byte*[] { metadataName, itemsName };
                var familyOptions = stackalloc nint[] { settings.Metadata, settings.Items };
                var families = stackalloc nint[2];
                var database = rocksdb_open_column_families(
                    settings.Database, path, count: 2, names, familyOptions, families, out var error);
                ThrowIfError(error);
                return new RocksDatabase(settings, compacts, database, families[0], families[1]);
            }
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }

    /// <summary>Applies a serialized batch and hands it to the operating system.</summary>
    public void Write(ReadOnlySpan<byte> batch)
    {
        fixed (byte* bytes = batch)
        {
            var native = rocksdb_writebatch_create_from(bytes, (nuint)batch.Length);
            rocksdb_write(_database, _settings.Write, native, out var error);
            rocksdb_writebatch_destroy(native);
            ThrowIfError(error);
        }
    }

    /// <summary>Returns when everything written is on disk.</summary>
    public void SyncLog()
    {
        rocksdb_flush_wal(_database, sync: 1, out var error);
        ThrowIfError(error);
    }

    public byte[]? ReadMetadata(ReadOnlySpan<byte> key)
    {
        var options = rocksdb_readoptions_create();
        try
        {
            fixed (byte* bytes = key)
            {
                var slice = rocksdb_get_pinned_cf(
                    _database, options, _metadata, bytes, (nuint)key.Length, out var error);
                ThrowIfError(error);
                if (slice == 0)
                {
                    return null;
                }

                var value = rocksdb_pinnableslice_value(slice, out var length);
                var copy = new ReadOnlySpan<byte>(value, checked((int)length)).ToArray();
                rocksdb_pinnableslice_destroy(slice);
                return copy;
            }
        }
        finally
        {
            rocksdb_readoptions_destroy(options);
        }
    }

    /// <summary>Walks over all metadata whose key begins with <paramref name="prefix"/>.</summary>
    public RocksIterator ScanMetadata(byte prefix)
        => RocksIterator.Create(
            _database, _metadata, [prefix], [(byte)(prefix + 1)], ignoresRangeDeletions: false, fillsCache: false,
            readAheadBytes: 0);

    /// <inheritdoc cref="RocksIterator.Create"/>
    public RocksIterator ScanItems(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit, bool fillsCache, int readAheadBytes)
        => RocksIterator.Create(
            _database, _items, first, limit, ignoresRangeDeletions: true, fillsCache, readAheadBytes);

    /// <summary>Walks over delayed items, of which deleted ranges are not to be seen.</summary>
    public RocksIterator ScanDelayed(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit, int readAheadBytes)
        => RocksIterator.Create(
            _database, _items, first, limit, ignoresRangeDeletions: false, fillsCache: false, readAheadBytes);

    /// <summary>Walks over a range of metadata, and keeps its blocks for the next reader.</summary>
    public RocksIterator ScanMetadata(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
        => RocksIterator.Create(
            _database, _metadata, first, limit, ignoresRangeDeletions: false, fillsCache: true, readAheadBytes: 0);

    /// <summary>Bytes in files within the range, roughly; what is still in memory does not count.</summary>
    public long ItemFileBytes(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        fixed (byte* firstBytes = first, limitBytes = limit)
        {
            var (firstKey, firstLength) = ((nint)firstBytes, (nuint)first.Length);
            var (limitKey, limitLength) = ((nint)limitBytes, (nuint)limit.Length);
            ulong size;
            rocksdb_approximate_sizes_cf(
                _database, _items, count: 1, (byte**)&firstKey, &firstLength, (byte**)&limitKey, &limitLength, &size,
                out var error);
            ThrowIfError(error);
            return (long)size;
        }
    }

    /// <summary>Deletes the files that lie wholly in the range. Cheap.</summary>
    public void DeleteItemFiles(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        fixed (byte* firstBytes = first, limitBytes = limit)
        {
            rocksdb_delete_file_in_range_cf(
                _database, _items, firstBytes, (nuint)first.Length, limitBytes, (nuint)limit.Length, out var error);
            ThrowIfError(error);
        }
    }

    /// <summary>Writes both families' memory to files, so that the log so far is not needed any more.</summary>
    public void WriteOutMemory()
    {
        var options = rocksdb_flushoptions_create();
        rocksdb_flush_cf(_database, options, _items, out var itemsError);
        rocksdb_flush_cf(_database, options, _metadata, out var metadataError);
        rocksdb_flushoptions_destroy(options);
        ThrowIfError(itemsError);
        ThrowIfError(metadataError);
    }

    /// <summary>Rewrites what lies in the range, leaving out what is deleted.</summary>
    public void RewriteItems(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        var options = rocksdb_compactoptions_create();

        // Exclusive would hold up the automatic ones of all other queues.
        rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
        fixed (byte* firstBytes = first, limitBytes = limit)
        {
            rocksdb_compact_range_cf_opt(
                _database, _items, options, firstBytes, (nuint)first.Length, limitBytes, (nuint)limit.Length);
        }

        rocksdb_compactoptions_destroy(options);
    }

    /// <summary>Makes <see cref="RewriteItems"/> return soon, now and later.</summary>
    public void StopRewriting() => rocksdb_disable_manual_compaction(_database);

    public void Dispose()
    {
        rocksdb_column_family_handle_destroy(_items);
        rocksdb_column_family_handle_destroy(_metadata);
        rocksdb_close(_database);
        _settings.Dispose();
    }
}
