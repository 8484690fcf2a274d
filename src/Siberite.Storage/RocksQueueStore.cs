using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RocksDbSharp;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>Keeps all queues of a silo in one RocksDB database. FORMAT.md says what lies where.</summary>
/// <remarks>One write-ahead log for all queues: one sync serves them all, and a batch across queues is atomic.</remarks>
public sealed partial class RocksQueueStore : IQueueStore
{
    private const string ItemsFamily = "items";
    private const uint MetadataFamilyId = 0;
    private const uint ItemsFamilyId = 1; // In order of creation; checked at each start.

    private static readonly TimeSpan RoomCheckInterval = TimeSpan.FromSeconds(1);

    private readonly DataDirectory _directory;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly RocksDb _database;
    private readonly ColumnFamilyHandle _items;
    private readonly WriteOptions _write = new();
    private readonly ReadOptions _read = NewReadOptions();
    private readonly Cache _cache;
    private readonly ILogger _log;
    private volatile Exception? _failure;
    private long _roomCheckedAt;
    private volatile bool _hasRoom = true;

    private RocksQueueStore(
        DataDirectory directory, StorageOptions options, RocksDb database, Cache cache, TimeProvider time, ILogger log)
    {
        _directory = directory;
        _options = options;
        _database = database;
        _cache = cache;
        _time = time;
        _log = log;
        _items = database.GetColumnFamily(ItemsFamily);
        _roomCheckedAt = time.GetTimestamp();
        _hasRoom = FindRoom();
    }

    /// <inheritdoc/>
    public StoreId Id => _directory.Id;

    /// <summary>The data directory, as an absolute path.</summary>
    public string Path => _directory.Path;

    /// <inheritdoc/>
    public bool HasRoom
    {
        get
        {
            var checkedAt = Volatile.Read(ref _roomCheckedAt);
            var now = _time.GetTimestamp();
            if (_time.GetElapsedTime(checkedAt, now) >= RoomCheckInterval
                && Interlocked.CompareExchange(ref _roomCheckedAt, now, checkedAt) == checkedAt)
            {
                NoteRoom(FindRoom());
            }

            return _hasRoom;
        }
    }

    /// <summary>Opens the store in <paramref name="options"/>' data directory, creating both if missing.</summary>
    /// <exception cref="DataDirectoryException">It cannot be used; the message is one line for the operator.</exception>
    public static RocksQueueStore Open(StorageOptions options, ILogger log, TimeProvider time)
    {
        var directory = DataDirectory.Open(options.DataDirectory);
        try
        {
            var cache = Cache.CreateLru((ulong)options.BlockCacheBytes);
            var families = new ColumnFamilies(RocksSettings.Metadata(cache))
            {
                { ItemsFamily, RocksSettings.Items(options, cache) },
            };
            var path = System.IO.Path.Combine(directory.Path, DataDirectory.StoreDirectory);
            var database = RocksDb.Open(RocksSettings.Database(options), path, families);
            return new RocksQueueStore(directory, options, database, cache, time, log);
        }
        catch (RocksDbException e)
        {
            directory.Dispose();
            var reason = e.Message.ReplaceLineEndings(" ");
            throw new DataDirectoryException($"The store in {directory.Path} cannot be opened: {reason}", e);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredQueue> LoadQueues()
    {
        var readers = new Dictionary<long, ReaderState>();
        ScanMetadata(MetadataKey.ReaderPrefix, (key, value) =>
        {
            if (key.Length == 1 + sizeof(long) + sizeof(int) && key[^4..].IndexOfAnyExcept((byte)0) < 0)
            {
                readers[MetadataKey.QueueOf(key)] = MetadataKey.ToState(MetadataKey.Read<StoredReaderRecord>(value));
            }
        });
        var queues = new List<StoredQueue>();
        using var iterator = _database.NewIterator(_items, _read);
        ScanMetadata(MetadataKey.QueuePrefix, (key, value) =>
        {
            var id = MetadataKey.QueueOf(key);
            var stored = MetadataKey.Read<StoredQueueRecord>(value);
            var reader = readers.GetValueOrDefault(id, new ReaderState(Position: 1, ClosedBytes: 0, Closed: default));
            var last = ReadLastHeader(iterator, id);
            queues.Add(new StoredQueue(
                new QueueRecord(id, stored.Name, stored.CreatedAt), reader, last.Sequence, last.AppendedBytes));
        });
        return queues;
    }

    /// <inheritdoc/>
    public IStoreBatch CreateBatch() => new RocksBatch(MetadataFamilyId, ItemsFamilyId);

    /// <inheritdoc/>
    public unsafe void Write(IStoreBatch batch)
    {
        ThrowIfFailed();
        fixed (byte* bytes = ((RocksBatch)batch).Representation)
        {
            var length = (nuint)((RocksBatch)batch).Bytes;
            var native = Native.Instance.rocksdb_writebatch_create_from(bytes, length);
            Native.Instance.rocksdb_write(_database.Handle, _write.Handle, native, out var error);
            Native.Instance.rocksdb_writebatch_destroy(native);
            Check(error);
        }
    }

    /// <inheritdoc/>
    public void Sync()
    {
        ThrowIfFailed();
        Native.Instance.rocksdb_flush_wal(_database.Handle, 1, out var error);
        Check(error);
    }

    /// <inheritdoc/>
    public void ReadItems(long queueId, long first, long limit, long maxBytes, ICollection<StoredItem> target)
    {
        try
        {
            using var iterator = _database.NewIterator(_items, _read);
            Span<byte> firstKey = stackalloc byte[ItemCodec.KeyBytes];
            ItemCodec.WriteKey(firstKey, queueId, first);
            var bytes = 0L;
            for (iterator.Seek(firstKey); iterator.Valid() && bytes < maxBytes; iterator.Next())
            {
                var key = iterator.GetKeySpan();
                if (ItemCodec.QueueOf(key) != queueId || ItemCodec.SequenceOf(key) >= limit)
                {
                    return;
                }

                var value = iterator.GetValueSpan();
                var header = ItemCodec.ReadHeader(key, value, out var payloadOffset);
                target.Add(new StoredItem(header, value[payloadOffset..].ToArray()));
                bytes += Math.Max(1, value.Length - payloadOffset);
            }

            CheckIterator(iterator);
        }
        catch (RocksDbException e)
        {
            throw Unreadable(e);
        }
    }

    /// <inheritdoc/>
    public void ReclaimSpace(long queueId, long limit, bool isEmpty)
    {
        var begin = ItemCodec.Key(queueId, 0);
        var end = ItemCodec.Key(queueId, limit);
        Native.Instance.rocksdb_delete_file_in_range_cf(
            _database.Handle, _items.Handle, begin, (nuint)begin.Length, end, (nuint)end.Length, out var error);
        if (error != IntPtr.Zero)
        {
            LogNotReclaimed(_log, TakeMessage(error));
        }

        if (isEmpty)
        {
            // Whole files are gone; this drops what shares a file with others, and what is still in a memtable.
            _database.CompactRange(begin, end, _items);
        }
    }

    /// <inheritdoc/>
    public byte[]? ReadState(string key) => _database.Get(MetadataKey.State(key));

    /// <summary>Closes the database and lets another process have the directory.</summary>
    public void Dispose()
    {
        _database.Dispose();
        GC.KeepAlive(_cache);
        _directory.Dispose();
    }

    private static ReadOptions NewReadOptions()
    {
        var options = new ReadOptions()
            .SetFillCache(false) // What is read is taken, and not read again.
            .SetVerifyChecksums(true);

        // The engine never reads behind a reader's position, where range deletes are; looking for them is not free.
        Native.Instance.rocksdb_readoptions_set_ignore_range_deletions(options.Handle, 1);
        return options;
    }

    private static SiberiteException Unreadable(Exception e)
        => new(SiberiteError.ItemUnreadable, "RocksDB could not read items.", e);

    private static string TakeMessage(IntPtr error)
    {
        var message = Marshal.PtrToStringUTF8(error) ?? "unknown";
        Native.Instance.rocksdb_free(error);
        return message;
    }

    private static void CheckIterator(Iterator iterator)
    {
        Native.Instance.rocksdb_iter_get_error(iterator.Handle, out var error);
        if (error != IntPtr.Zero)
        {
            throw Unreadable(new IOException(TakeMessage(error)));
        }
    }

    private static ItemHeader ReadLastHeader(Iterator iterator, long queueId)
    {
        Span<byte> key = stackalloc byte[ItemCodec.KeyBytes];
        ItemCodec.WriteKey(key, queueId, long.MaxValue);
        iterator.SeekForPrev(key);
        CheckIterator(iterator);
        return iterator.Valid() && ItemCodec.QueueOf(iterator.GetKeySpan()) == queueId
            ? ItemCodec.ReadHeader(iterator.GetKeySpan(), iterator.GetValueSpan(), out _)
            : default;
    }

    private delegate void Visit(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private void ScanMetadata(byte prefix, Visit visit)
    {
        using var iterator = _database.NewIterator();
        for (iterator.Seek([prefix]); iterator.Valid() && iterator.GetKeySpan()[0] == prefix; iterator.Next())
        {
            visit(iterator.GetKeySpan(), iterator.GetValueSpan());
        }

        CheckIterator(iterator);
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } cause)
        {
            throw new SiberiteException(SiberiteError.StorageFailed, "The store has failed.", cause);
        }
    }

    private void Check(IntPtr error)
    {
        if (error != IntPtr.Zero)
        {
            _failure = new IOException(TakeMessage(error));
            ThrowIfFailed();
        }
    }

    private bool FindRoom()
        => new DriveInfo(_directory.Path).AvailableFreeSpace >= _options.ReserveBytes;

    private void NoteRoom(bool hasRoom)
    {
        if (hasRoom != _hasRoom)
        {
            _hasRoom = hasRoom;
            LogRoom(_log, hasRoom ? "There is room again; sets are accepted." : "Sets are refused.", _directory.Path);
        }
    }

    [LoggerMessage(1001, LogLevel.Warning, "Free disk space crossed the reserve at {Directory}. {Consequence}")]
    private static partial void LogRoom(ILogger log, string consequence, string directory);

    [LoggerMessage(1002, LogLevel.Warning, "Disk space could not be given back yet: {Reason}")]
    private static partial void LogNotReclaimed(ILogger log, string reason);
}
