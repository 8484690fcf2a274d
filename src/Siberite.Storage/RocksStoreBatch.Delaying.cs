using System.Buffers;
using System.Buffers.Binary;
using MemoryPack;
using Siberite.Queues;

namespace Siberite.Storage;

// Delayed items and ids.
internal sealed partial class RocksStoreBatch
{
    private readonly StoredDelayedState _delayed = new();

    public void AppendDelayed(
        long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        Span<byte> keyBytes = stackalloc byte[StoreKeys.DelayedBytes];
        StoreKeys.WriteDelayed(keyBytes, queueId, key);
        var value = _buffer.Put(itemsFamily, keyBytes, checked(ItemValue.HeaderBytes + (int)payload.Length));
        ItemValue.WriteHeader(value, header);
        payload.CopyTo(value[ItemValue.HeaderBytes..]);
    }

    public void RemoveDelayed(long queueId, DelayedKey key)
    {
        Span<byte> keyBytes = stackalloc byte[StoreKeys.DelayedBytes];
        StoreKeys.WriteDelayed(keyBytes, queueId, key);
        _buffer.Delete(itemsFamily, keyBytes);
    }

    public void DropDelayed(long queueId)
    {
        Span<byte> first = stackalloc byte[StoreKeys.DelayedBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.DelayedBytes];
        StoreKeys.WriteDelayed(first, queueId, default);
        StoreKeys.WriteDelayed(limit, queueId + 1, default);
        _buffer.DeleteRange(itemsFamily, first, limit);
    }

    public void PutDelayedState(long queueId, in DelayedState state)
    {
        Span<byte> key = stackalloc byte[StoreKeys.DelayedStateBytes];
        StoreKeys.WriteDelayedState(key, queueId);
        (_delayed.Count, _delayed.Bytes, _delayed.NextNumber) = (state.Count, state.Bytes, state.NextNumber);
        _scratch.ResetWrittenCount();
        MemoryPackSerializer.Serialize(_scratch, _delayed);
        _buffer.Put(key, _scratch.WrittenSpan);
    }

    public void PutId(long queueId, long ordinal, long seenAt, ReadOnlySpan<byte> id)
    {
        Span<byte> orderKey = stackalloc byte[StoreKeys.IdOrderBytes];
        StoreKeys.WriteIdOrder(orderKey, queueId, ordinal);
        var ordered = new byte[IdValue.OrderedIdOffset + id.Length];
        BinaryPrimitives.WriteInt64LittleEndian(ordered, seenAt);
        id.CopyTo(ordered.AsSpan(IdValue.OrderedIdOffset));
        _buffer.Put(orderKey, ordered);

        Span<byte> seen = stackalloc byte[IdValue.SeenBytes];
        BinaryPrimitives.WriteInt64LittleEndian(seen, ordinal);
        BinaryPrimitives.WriteInt64LittleEndian(seen[IdValue.SeenAtOffset..], seenAt);
        _buffer.Put(StoreKeys.Id(queueId, id), seen);
    }

    public void RemoveId(long queueId, ReadOnlySpan<byte> id) => _buffer.Delete(StoreKeys.Id(queueId, id));

    public void TrimIds(long queueId, long first, long limit)
    {
        if (first >= limit)
        {
            return;
        }

        Span<byte> firstKey = stackalloc byte[StoreKeys.IdOrderBytes];
        Span<byte> limitKey = stackalloc byte[StoreKeys.IdOrderBytes];
        StoreKeys.WriteIdOrder(firstKey, queueId, first);
        StoreKeys.WriteIdOrder(limitKey, queueId, limit);
        _buffer.DeleteRange(firstKey, limitKey);
    }

    private void DropExtras(long queueId)
    {
        DropDelayed(queueId);
        Span<byte> state = stackalloc byte[StoreKeys.DelayedStateBytes];
        StoreKeys.WriteDelayedState(state, queueId);
        _buffer.Delete(state);
        _buffer.DeleteRange(StoreKeys.Id(queueId, []), StoreKeys.Id(queueId + 1, []));
        TrimIds(queueId, first: 0, limit: long.MaxValue);
    }
}

/// <summary>The values of ids, as FORMAT.md draws them.</summary>
internal static class IdValue
{
    /// <summary>Of <c>I</c>: ordinal and time.</summary>
    public const int SeenBytes = 16;

    /// <summary>Where the time stands in it.</summary>
    public const int SeenAtOffset = 8;

    /// <summary>Of <c>J</c>: where the id stands, after the time.</summary>
    public const int OrderedIdOffset = 8;

    public static SeenId ReadSeen(ReadOnlySpan<byte> value)
        => value.Length >= SeenBytes
            ? new SeenId(
                BinaryPrimitives.ReadInt64LittleEndian(value),
                BinaryPrimitives.ReadInt64LittleEndian(value[SeenAtOffset..]))
            : throw new RocksException("an id is not in a form that this server knows");

    public static StoredId ReadOrdered(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        => key.Length == StoreKeys.IdOrderBytes && value.Length >= OrderedIdOffset
            ? new StoredId(
                new SeenId(StoreKeys.ReadIdOrdinal(key), BinaryPrimitives.ReadInt64LittleEndian(value)),
                value[OrderedIdOffset..].ToArray())
            : throw new RocksException("an id is not in a form that this server knows");
}
