using System.Runtime.InteropServices;
using static Siberite.Storage.RocksNative;

namespace Siberite.Storage;

/// <summary>Walks over a range of keys. Spans it hands out are valid until it moves.</summary>
internal sealed unsafe class RocksIterator : IDisposable
{
    private readonly byte* _bounds;
    private readonly nint _options;
    private readonly nint _iterator;

    private RocksIterator(byte* bounds, nint options, nint iterator)
    {
        _bounds = bounds;
        _options = options;
        _iterator = iterator;
    }

    public bool IsValid => rocksdb_iter_valid(_iterator) != 0;

    public ReadOnlySpan<byte> Key => new(rocksdb_iter_key(_iterator, out var length), checked((int)length));

    public ReadOnlySpan<byte> Value => new(rocksdb_iter_value(_iterator, out var length), checked((int)length));

    /// <remarks><paramref name="limit"/> is the first key not wanted. Ignored range deletions are read as if they had
    /// not happened, and cost nothing. <paramref name="fillsCache"/> keeps blocks for the next reader. Without
    /// <paramref name="readAheadBytes"/> RocksDB finds out by itself how far to read ahead.</remarks>
    public static RocksIterator Create(
        nint database, nint family, ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit, bool ignoresRangeDeletions,
        bool fillsCache, int readAheadBytes)
    {
        // RocksDB keeps pointers to the bounds.
        var bounds = (byte*)NativeMemory.Alloc((nuint)(first.Length + limit.Length));
        first.CopyTo(new Span<byte>(bounds, first.Length));
        limit.CopyTo(new Span<byte>(bounds + first.Length, limit.Length));

        var options = rocksdb_readoptions_create();
        rocksdb_readoptions_set_iterate_lower_bound(options, bounds, (nuint)first.Length);
        rocksdb_readoptions_set_iterate_upper_bound(options, bounds + first.Length, (nuint)limit.Length);
        rocksdb_readoptions_set_ignore_range_deletions(options, ignoresRangeDeletions ? (byte)1 : (byte)0);
        rocksdb_readoptions_set_fill_cache(options, fillsCache ? (byte)1 : (byte)0);
        rocksdb_readoptions_set_verify_checksums(options, 1);
        rocksdb_readoptions_set_readahead_size(options, (nuint)readAheadBytes);
        return new RocksIterator(bounds, options, rocksdb_create_iterator_cf(database, options, family));
    }

    public void SeekToFirst() => rocksdb_iter_seek_to_first(_iterator);

    /// <summary>Goes to <paramref name="key"/> or the first key after it.</summary>
    public void Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            rocksdb_iter_seek(_iterator, bytes, (nuint)key.Length);
        }
    }

    /// <summary>Goes to <paramref name="key"/> or the last key before it.</summary>
    public void SeekForPrevious(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            rocksdb_iter_seek_for_prev(_iterator, bytes, (nuint)key.Length);
        }
    }

    public void MoveNext() => rocksdb_iter_next(_iterator);

    /// <summary>To be asked when the iterator is not valid: the end and an unreadable block look the same.</summary>
    /// <exception cref="RocksException"/>
    public void ThrowIfFailed()
    {
        rocksdb_iter_get_error(_iterator, out var error);
        ThrowIfError(error);
    }

    public void Dispose()
    {
        rocksdb_iter_destroy(_iterator);
        rocksdb_readoptions_destroy(_options);
        NativeMemory.Free(_bounds);
    }
}
