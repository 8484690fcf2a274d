using System.Runtime.InteropServices;

namespace Siberite.Storage;

/// <summary>The part of RocksDB's C interface that is used here, declared as in its <c>c.h</c>.</summary>
/// <remarks>
/// The package's own binding imports some three thousand functions by emitting types at start: measured at 0.7 s and
/// 39 MB of resident memory, and eight times the cost of these calls. Booleans are one byte. A function with an
/// <c>error</c> leaves it zero or points it at a message that <see cref="ThrowIfError"/> frees.
/// </remarks>
internal static unsafe partial class RocksNative
{
    private const string Library = "rocksdb";

    /// <exception cref="RocksException"/>
    public static void ThrowIfError(nint error)
    {
        if (error != 0)
        {
            var message = Marshal.PtrToStringUTF8(error) ?? "unknown";
            rocksdb_free(error);
            throw new RocksException(message);
        }
    }

    // The database.
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint rocksdb_open_column_families(
        nint options, string path, int count, byte** names, nint* familyOptions, nint* families, out nint error);

    [LibraryImport(Library)]
    public static partial uint rocksdb_column_family_handle_get_id(nint family);

    [LibraryImport(Library)]
    public static partial void rocksdb_column_family_handle_destroy(nint family);

    [LibraryImport(Library)]
    public static partial void rocksdb_close(nint database);

    [LibraryImport(Library)]
    public static partial void rocksdb_free(nint pointer);

    // Writing.
    [LibraryImport(Library)]
    public static partial nint rocksdb_writebatch_create_from(byte* bytes, nuint length);

    [LibraryImport(Library)]
    public static partial void rocksdb_writebatch_destroy(nint batch);

    [LibraryImport(Library)]
    public static partial void rocksdb_write(nint database, nint options, nint batch, out nint error);

    [LibraryImport(Library)]
    public static partial void rocksdb_flush_wal(nint database, byte sync, out nint error);

    [LibraryImport(Library)]
    public static partial nint rocksdb_writeoptions_create();

    [LibraryImport(Library)]
    public static partial void rocksdb_writeoptions_destroy(nint options);

    // Reading.
    [LibraryImport(Library)]
    public static partial nint rocksdb_get_pinned_cf(
        nint database, nint options, nint family, byte* key, nuint keyLength, out nint error);

    [LibraryImport(Library)]
    public static partial byte* rocksdb_pinnableslice_value(nint slice, out nuint length);

    [LibraryImport(Library)]
    public static partial void rocksdb_pinnableslice_destroy(nint slice);

    [LibraryImport(Library)]
    public static partial nint rocksdb_readoptions_create();

    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_destroy(nint options);

    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_fill_cache(nint options, byte value);

    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_ignore_range_deletions(nint options, byte value);

    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_verify_checksums(nint options, byte value);

    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_readahead_size(nint options, nuint bytes);

    /// <summary>Keeps the pointer: the bytes must outlive the iterator.</summary>
    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_iterate_lower_bound(nint options, byte* key, nuint length);

    /// <inheritdoc cref="rocksdb_readoptions_set_iterate_lower_bound"/>
    [LibraryImport(Library)]
    public static partial void rocksdb_readoptions_set_iterate_upper_bound(nint options, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial nint rocksdb_create_iterator_cf(nint database, nint options, nint family);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_destroy(nint iterator);

    [LibraryImport(Library)]
    public static partial byte rocksdb_iter_valid(nint iterator);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_seek_to_first(nint iterator);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_seek(nint iterator, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_seek_for_prev(nint iterator, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_next(nint iterator);

    [LibraryImport(Library)]
    public static partial byte* rocksdb_iter_key(nint iterator, out nuint length);

    [LibraryImport(Library)]
    public static partial byte* rocksdb_iter_value(nint iterator, out nuint length);

    [LibraryImport(Library)]
    public static partial void rocksdb_iter_get_error(nint iterator, out nint error);

    // Giving space back.
    [LibraryImport(Library)]
    public static partial void rocksdb_approximate_sizes_cf(
        nint database, nint family, int count, byte** firstKeys, nuint* firstLengths, byte** limitKeys,
        nuint* limitLengths, ulong* sizes, out nint error);

    [LibraryImport(Library)]
    public static partial void rocksdb_delete_file_in_range_cf(
        nint database, nint family, byte* first, nuint firstLength, byte* limit, nuint limitLength, out nint error);

    [LibraryImport(Library)]
    public static partial void rocksdb_compact_range_cf_opt(
        nint database, nint family, nint options, byte* first, nuint firstLength, byte* limit, nuint limitLength);

    [LibraryImport(Library)]
    public static partial nint rocksdb_compactoptions_create();

    [LibraryImport(Library)]
    public static partial void rocksdb_compactoptions_destroy(nint options);

    [LibraryImport(Library)]
    public static partial void rocksdb_compactoptions_set_exclusive_manual_compaction(nint options, byte value);

    [LibraryImport(Library)]
    public static partial void rocksdb_disable_manual_compaction(nint database);

    [LibraryImport(Library)]
    public static partial void rocksdb_flush_cf(nint database, nint options, nint family, out nint error);

    [LibraryImport(Library)]
    public static partial nint rocksdb_flushoptions_create();

    [LibraryImport(Library)]
    public static partial void rocksdb_flushoptions_destroy(nint options);
}
