using MemoryPack;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>Finds what a database keeps of queues beside their items. Costs a queue that has nothing of it
/// nothing.</summary>
internal sealed class ExtrasScan(RocksDatabase database)
{
    /// <returns>By queue, those that have any; <see langword="null"/> if something cannot be read: they are then looked
    /// up one by one.</returns>
    public Dictionary<long, QueueExtras>? TryLoad()
    {
        try
        {
            var found = new Dictionary<long, QueueExtras>();
            LoadDelayed(found);
            LoadIds(found);
            return found;
        }
        catch (RocksException)
        {
            return null;
        }
    }

    /// <exception cref="RocksException">It cannot be read or understood.</exception>
    public QueueExtras Read(long queueId)
    {
        Span<byte> key = stackalloc byte[StoreKeys.DelayedStateBytes];
        StoreKeys.WriteDelayedState(key, queueId);
        var delayed = database.ReadMetadata(key) is { } value ? ToDelayed(value) : default;

        Span<byte> first = stackalloc byte[StoreKeys.IdOrderBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.IdOrderBytes];
        StoreKeys.WriteIdOrder(first, queueId, ordinal: 0);
        StoreKeys.WriteIdOrder(limit, queueId, long.MaxValue);
        using var order = database.ScanMetadata(first, limit);
        order.SeekToFirst();
        if (!order.IsValid)
        {
            order.ThrowIfFailed();
            return new QueueExtras(delayed, 0, 0);
        }

        var firstOrdinal = OrdinalOf(order);
        order.SeekForPrevious(limit);
        return new QueueExtras(delayed, firstOrdinal, OrdinalOf(order));
    }

    private void LoadDelayed(Dictionary<long, QueueExtras> found)
    {
        using var records = database.ScanMetadata(StoreKeys.DelayedStatePrefix);
        for (records.SeekToFirst(); records.IsValid; records.MoveNext())
        {
            if (records.Key.Length == StoreKeys.DelayedStateBytes)
            {
                found[StoreKeys.ReadQueueId(records.Key)] = new QueueExtras(ToDelayed(records.Value), 0, 0);
            }
        }

        records.ThrowIfFailed();
    }

    /// <remarks>Two jumps for each queue that has ids: their number does not matter.</remarks>
    private void LoadIds(Dictionary<long, QueueExtras> found)
    {
        Span<byte> key = stackalloc byte[StoreKeys.IdOrderBytes];
        using var order = database.ScanMetadata(StoreKeys.IdOrderPrefix);
        order.SeekToFirst();
        while (order.IsValid)
        {
            var firstOrdinal = OrdinalOf(order);
            var queueId = StoreKeys.ReadQueueId(order.Key);
            StoreKeys.WriteIdOrder(key, queueId, long.MaxValue);
            order.SeekForPrevious(key);
            var extras = found.GetValueOrDefault(queueId);
            found[queueId] = extras with { FirstIdOrdinal = firstOrdinal, LastIdOrdinal = OrdinalOf(order) };
            order.Seek(key);
        }

        order.ThrowIfFailed();
    }

    private static long OrdinalOf(RocksIterator order)
    {
        if (!order.IsValid)
        {
            order.ThrowIfFailed();
        }

        return order.IsValid && order.Key.Length == StoreKeys.IdOrderBytes
            ? StoreKeys.ReadIdOrdinal(order.Key)
            : throw new RocksException("there is an id without a queue");
    }

    private static DelayedState ToDelayed(ReadOnlySpan<byte> value)
    {
        StoredDelayedState? state;
        try
        {
            state = MemoryPackSerializer.Deserialize<StoredDelayedState>(value);
        }
        catch (Exception e) when (e is MemoryPackSerializationException or ArgumentException or OverflowException)
        {
            throw new RocksException("the record of its delayed items is not understood");
        }

        return state is { Count: >= 0, Bytes: >= 0, NextNumber: >= 1 }
            ? new DelayedState(state.Count, state.Bytes, state.NextNumber)
            : throw new RocksException("the record of its delayed items makes no sense");
    }
}
