using MemoryPack;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>Finds the queues of a database at a start: their records, their readers' places and their last
/// items.</summary>
/// <remarks>
/// What one queue's bytes are like is that queue's affair: it is listed with its <see cref="StoredQueue.Damage"/> and
/// the scan goes on. Only the list itself must be readable, for nobody could name a queue that is missing from it.
/// <code>
/// what cannot be read               what becomes of it
/// a block with queue records        the start is refused
/// a queue record                    a damaged queue without a name
/// a reader's place, or its block    a damaged queue
/// a cursor's record or place, or a  a damaged queue
///   block of them
/// a queue's last item, or its block a damaged queue
/// what else is kept of a queue      a damaged queue
/// any other item                    seen when it is read: that read fails
/// </code>
/// </remarks>
internal sealed class QueueScan(RocksDatabase database)
{
    /// <exception cref="RocksException">The list of queues cannot be read.</exception>
    public List<StoredQueue> Run()
    {
        var queues = new List<StoredQueue>();
        var readers = TryLoadDefaultReaders();
        var cursors = TryLoadCursorRecords();
        var extras = new ExtrasScan(database).TryLoad();
        var lastItems = ScanItems();
        try
        {
            using var records = database.ScanMetadata(StoreKeys.QueuePrefix);
            for (records.SeekToFirst(); records.IsValid; records.MoveNext())
            {
                if (records.Key.Length != StoreKeys.QueueBytes)
                {
                    throw new RocksException("there is a queue record without a queue");
                }

                var id = StoreKeys.ReadQueueId(records.Key);
                if (TryRead<StoredQueueRecord>(records.Value) is not { } record)
                {
                    queues.Add(Damaged(new QueueRecord(id, Name: "", CreatedAt: 0), "its record is not understood"));
                    continue;
                }

                var queue = new QueueRecord(id, record.Name, record.CreatedAt);
                try
                {
                    var reader = readers is null ? ReadReader(id, number: 0) : readers.GetValueOrDefault(id, Unread);
                    var last = FindLastItem(lastItems, id);
                    queues.Add(new StoredQueue(queue, reader, last.Sequence, last.AppendedBytes)
                    {
                        Cursors = CursorsOf(id, cursors),
                        Extras = extras is null ? new ExtrasScan(database).Read(id) : extras.GetValueOrDefault(id),
                    });
                }
                catch (RocksException e)
                {
                    queues.Add(Damaged(queue, e.Message));
                    lastItems.Dispose();
                    lastItems = ScanItems();
                }
            }

            records.ThrowIfFailed();
            return queues;
        }
        finally
        {
            lastItems.Dispose();
        }
    }

    private static ReaderState Unread => new(Position: 1, ClosedBytes: 0, default);

    private static StoredQueue Damaged(in QueueRecord queue, string reason)
        => new(queue, Unread, LastSequence: 0, AppendedBytes: 0) { Damage = reason };

    private static ItemHeader FindLastItem(RocksIterator items, long id)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(key, id, long.MaxValue);
        items.SeekForPrevious(key);
        if (!items.IsValid)
        {
            items.ThrowIfFailed();
            return default;
        }

        if (items.Key.Length != StoreKeys.ItemBytes)
        {
            throw new RocksException("there is an item without a queue");
        }

        var (queueId, sequence) = StoreKeys.ReadItem(items.Key);
        if (queueId != id)
        {
            return default;
        }

        return ItemValue.TryRead(items.Value, sequence, out var header, out _)
            ? header
            : throw new RocksException($"item {sequence} is not in a form that this server knows");
    }

    private static ReaderState ToReader(ReadOnlySpan<byte> value)
    {
        var state = TryRead<StoredReaderState>(value)
            ?? throw new RocksException("its reader's place is not understood");
        return IsPlausible(state)
            ? new ReaderState(state.Position, state.ClosedBytes, state.Closed)
            : throw new RocksException("its reader's place makes no sense");
    }

    /// <remarks>The engine builds on it: ranges that are not in order would have it serve items again or
    /// never.</remarks>
    private static bool IsPlausible(StoredReaderState state)
    {
        var bounds = state.Closed.Span;
        var last = state.Position;
        foreach (var bound in bounds)
        {
            if (bound < last)
            {
                return false;
            }

            last = bound;
        }

        return state.Position >= 1 && state.ClosedBytes >= 0 && bounds.Length % 2 == 0;
    }

    private static T? TryRead<T>(ReadOnlySpan<byte> value)
        where T : class
    {
        try
        {
            return MemoryPackSerializer.Deserialize<T>(value);
        }
        catch (Exception e) when (e is MemoryPackSerializationException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <returns><see langword="null"/> if one of them cannot be read: they are then looked up one by one.</returns>
    private Dictionary<long, ReaderState>? TryLoadDefaultReaders()
    {
        try
        {
            var found = new Dictionary<long, ReaderState>();
            using var records = database.ScanMetadata(StoreKeys.ReaderPrefix);
            for (records.SeekToFirst(); records.IsValid; records.MoveNext())
            {
                if (records.Key.Length == StoreKeys.ReaderBytes && StoreKeys.ReadReaderNumber(records.Key) == 0)
                {
                    found.Add(StoreKeys.ReadQueueId(records.Key), ToReader(records.Value));
                }
            }

            records.ThrowIfFailed();
            return found;
        }
        catch (RocksException)
        {
            return null;
        }
    }

    /// <returns><see langword="null"/> if one of them cannot be read: they are then looked up queue by queue.</returns>
    private Dictionary<long, List<(int Number, byte[] Record)>>? TryLoadCursorRecords()
    {
        try
        {
            using var records = database.ScanMetadata(StoreKeys.CursorPrefix);
            return ReadCursorRecords(records);
        }
        catch (RocksException)
        {
            return null;
        }
    }

    private static Dictionary<long, List<(int Number, byte[] Record)>> ReadCursorRecords(RocksIterator records)
    {
        var found = new Dictionary<long, List<(int, byte[])>>();
        for (records.SeekToFirst(); records.IsValid; records.MoveNext())
        {
            if (records.Key.Length == StoreKeys.ReaderBytes)
            {
                var id = StoreKeys.ReadQueueId(records.Key);
                found.TryAdd(id, []);
                found[id].Add((StoreKeys.ReadReaderNumber(records.Key), records.Value.ToArray()));
            }
        }

        records.ThrowIfFailed();
        return found;
    }

    private StoredCursor[] CursorsOf(long id, Dictionary<long, List<(int Number, byte[] Record)>>? all)
    {
        var found = all ?? ReadCursorRecords(id);
        return [.. found.GetValueOrDefault(id, []).Select(cursor => ToCursor(id, cursor.Number, cursor.Record))];
    }

    private Dictionary<long, List<(int Number, byte[] Record)>> ReadCursorRecords(long id)
    {
        Span<byte> first = stackalloc byte[StoreKeys.ReaderBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.ReaderBytes];
        StoreKeys.WriteCursor(first, id, reader: 0);
        StoreKeys.WriteCursor(limit, id + 1, reader: 0);
        using var records = database.ScanMetadata(first, limit);
        return ReadCursorRecords(records);
    }

    private StoredCursor ToCursor(long id, int number, byte[] value)
    {
        var record = TryRead<StoredCursorRecord>(value)
            ?? throw new RocksException("the record of one of its cursors is not understood");
        return new StoredCursor(number, new CursorRecord(record.Name, record.CreatedAt), ReadReader(id, number));
    }

    private ReaderState ReadReader(long id, int number)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ReaderBytes];
        StoreKeys.WriteReader(key, id, number);
        return database.ReadMetadata(key) is { } value ? ToReader(value) : Unread;
    }

    /// <remarks>Neighbouring queues share blocks, so these reads use the cache; no read-ahead, as each is one jump.
    /// </remarks>
    private RocksIterator ScanItems()
    {
        Span<byte> first = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(first, 1, sequence: 0);
        StoreKeys.WriteItem(limit, long.MaxValue, sequence: 0);
        return database.ScanItems(first, limit, fillsCache: true, readAheadBytes: 0);
    }
}
