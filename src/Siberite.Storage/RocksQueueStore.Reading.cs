using MemoryPack;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

public sealed partial class RocksQueueStore
{
    /// <summary>Large enough for a drain to run at the disk's speed, small enough not to hurt a short look.</summary>
    private const int ReadAheadBytes = 256 << 10;

    /// <inheritdoc/>
    public IReadOnlyList<StoredQueue> LoadQueues()
    {
        EnterUse();
        try
        {
            var readers = LoadDefaultReaders();
            var queues = new List<StoredQueue>();
            using var lastItems = ScanWholeQueues(1, long.MaxValue);
            using var records = _database.ScanMetadata(StoreKeys.QueuePrefix);
            for (records.SeekToFirst(); records.IsValid; records.MoveNext())
            {
                var queue = ReadQueue(records);
                var reader = readers.GetValueOrDefault(queue.Id, new ReaderState(Position: 1, ClosedBytes: 0, default));
                var last = FindLastItem(lastItems, queue);
                queues.Add(new StoredQueue(queue, reader, last.Sequence, last.AppendedBytes));
            }

            records.ThrowIfFailed();
            return queues;
        }
        catch (RocksException e)
        {
            throw new SiberiteException(SiberiteError.ItemUnreadable, $"The queues cannot be read: {e.Message}", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Deleted ranges are not looked at: trimming lets millions of items die behind a reader, and whoever starts at a
    /// reader's place never sees them, so there is nothing to pay for skipping them.
    /// </remarks>
    public void ReadItems(long queueId, long first, long limit, long maxBytes, ICollection<StoredItem> target)
    {
        if (first >= limit)
        {
            return;
        }

        Span<byte> firstKey = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limitKey = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(firstKey, queueId, first);
        StoreKeys.WriteItem(limitKey, queueId, limit);

        EnterUse();
        try
        {
            var readBytes = 0L;
            using var items = _database.ScanItems(firstKey, limitKey, fillsCache: false, ReadAheadBytes);
            for (items.SeekToFirst(); items.IsValid; items.MoveNext())
            {
                var item = ReadItem(items);
                target.Add(item);
                readBytes += item.Payload.Length;
                if (readBytes >= maxBytes)
                {
                    return;
                }
            }

            items.ThrowIfFailed();
        }
        catch (RocksException e)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, $"Items of queue {queueId} cannot be read: {e.Message}", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    private static StoredItem ReadItem(RocksIterator items)
    {
        var (queueId, sequence) = StoreKeys.ReadItem(items.Key);
        if (!ItemValue.TryRead(items.Value, sequence, out var header, out var payload))
        {
            throw Unreadable(queueId, sequence);
        }

        var copy = GC.AllocateUninitializedArray<byte>(payload.Length);
        payload.CopyTo(copy);
        return new StoredItem(header, copy);
    }

    private static ItemHeader FindLastItem(RocksIterator items, in QueueRecord queue)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(key, queue.Id, long.MaxValue);
        items.SeekForPrevious(key);
        if (!items.IsValid)
        {
            items.ThrowIfFailed();
            return default;
        }

        var (queueId, sequence) = StoreKeys.ReadItem(items.Key);
        if (queueId != queue.Id)
        {
            return default;
        }

        return ItemValue.TryRead(items.Value, sequence, out var header, out _)
            ? header
            : throw Unreadable(queueId, sequence);
    }

    private static QueueRecord ReadQueue(RocksIterator records)
    {
        if (records.Key.Length == StoreKeys.QueueBytes)
        {
            var id = StoreKeys.ReadQueueId(records.Key);
            var record = Deserialize<StoredQueueRecord>(records.Value, id);
            return new QueueRecord(id, record.Name, record.CreatedAt);
        }

        throw new SiberiteException(SiberiteError.ItemUnreadable, "A queue record has no queue.", inner: null);
    }

    private static T Deserialize<T>(ReadOnlySpan<byte> value, long queueId)
        where T : class
    {
        try
        {
            return MemoryPackSerializer.Deserialize<T>(value) ?? throw new MemoryPackSerializationException("null");
        }
        catch (Exception e) when (e is MemoryPackSerializationException or ArgumentException or OverflowException)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, $"The {typeof(T).Name} of queue {queueId} cannot be understood.", e);
        }
    }

    private static SiberiteException Unreadable(long queueId, long sequence)
        => new(
            SiberiteError.ItemUnreadable,
            $"Item {sequence} of queue {queueId} is not in a form that this server knows.",
            inner: null);

    private Dictionary<long, ReaderState> LoadDefaultReaders()
    {
        var found = new Dictionary<long, ReaderState>();
        using var records = _database.ScanMetadata(StoreKeys.ReaderPrefix);
        for (records.SeekToFirst(); records.IsValid; records.MoveNext())
        {
            if (records.Key.Length == StoreKeys.ReaderBytes && StoreKeys.ReadReaderNumber(records.Key) == 0)
            {
                var queueId = StoreKeys.ReadQueueId(records.Key);
                var state = Deserialize<StoredReaderState>(records.Value, queueId);
                found.Add(queueId, new ReaderState(state.Position, state.ClosedBytes, state.Closed));
            }
        }

        records.ThrowIfFailed();
        return found;
    }

    /// <remarks>Neighbouring queues share blocks, so these reads use the cache; no read-ahead, as each is one jump.
    /// </remarks>
    private RocksIterator ScanWholeQueues(long firstId, long limitId)
    {
        Span<byte> first = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(first, firstId, sequence: 0);
        StoreKeys.WriteItem(limit, limitId, sequence: 0);
        return _database.ScanItems(first, limit, fillsCache: true, readAheadBytes: 0);
    }
}
