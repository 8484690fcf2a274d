using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

// Delayed items and ids.
public sealed partial class RocksQueueStore
{
    /// <inheritdoc/>
    public QueueExtras ReadExtras(long queueId)
        => Reading(queueId, database => new ExtrasScan(database).Read(queueId));

    /// <inheritdoc/>
    public void ReadDelayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount, long maxBytes, ICollection<DelayedItem> target)
        => Reading(queueId, database =>
        {
            Span<byte> firstKey = stackalloc byte[StoreKeys.DelayedBytes];
            Span<byte> limitKey = stackalloc byte[StoreKeys.DelayedBytes];
            StoreKeys.WriteDelayed(firstKey, queueId, first);
            StoreKeys.WriteDelayed(limitKey, queueId, new DelayedKey(dueLimit, Number: 0));
            var (count, bytes) = (0, 0L);
            using var items = database.ScanDelayed(firstKey, limitKey, ReadAheadBytes);
            for (items.SeekToFirst(); items.IsValid && count < maxCount && bytes < maxBytes; items.MoveNext())
            {
                var item = ReadDelayed(queueId, items);
                target.Add(item);
                count++;
                bytes += item.Item.Payload.Length;
            }

            items.ThrowIfFailed();
            return count;
        });

    /// <inheritdoc/>
    public DelayedKey? FindDelayed(long queueId, DelayedKey first)
        => Reading(queueId, database =>
        {
            Span<byte> firstKey = stackalloc byte[StoreKeys.DelayedBytes];
            Span<byte> limitKey = stackalloc byte[StoreKeys.DelayedBytes];
            StoreKeys.WriteDelayed(firstKey, queueId, first);
            StoreKeys.WriteDelayed(limitKey, queueId, DelayedKey.Last);
            using var items = database.ScanDelayed(firstKey, limitKey, readAheadBytes: 0);
            items.SeekToFirst();
            if (items.IsValid)
            {
                return StoreKeys.ReadDelayed(items.Key);
            }

            items.ThrowIfFailed();
            return (DelayedKey?)null;
        });

    /// <inheritdoc/>
    public SeenId? FindId(long queueId, ReadOnlySpan<byte> id)
    {
        var key = StoreKeys.Id(queueId, id);
        return Reading(
            queueId,
            database => database.ReadMetadata(key) is { } value ? IdValue.ReadSeen(value) : (SeenId?)null);
    }

    /// <inheritdoc/>
    public void ReadIds(long queueId, long first, int maxCount, ICollection<StoredId> target)
        => Reading(queueId, database =>
        {
            Span<byte> firstKey = stackalloc byte[StoreKeys.IdOrderBytes];
            Span<byte> limitKey = stackalloc byte[StoreKeys.IdOrderBytes];
            StoreKeys.WriteIdOrder(firstKey, queueId, first);
            StoreKeys.WriteIdOrder(limitKey, queueId, long.MaxValue);
            var count = 0;
            using var order = database.ScanMetadata(firstKey, limitKey);
            for (order.SeekToFirst(); order.IsValid && count < maxCount; order.MoveNext())
            {
                target.Add(IdValue.ReadOrdered(order.Key, order.Value));
                count++;
            }

            order.ThrowIfFailed();
            return count;
        });

    private static DelayedItem ReadDelayed(long queueId, RocksIterator items)
    {
        var key = items.Key.Length == StoreKeys.DelayedBytes
            ? StoreKeys.ReadDelayed(items.Key)
            : throw new RocksException("there is a delayed item without a place");
        if (!ItemValue.TryRead(items.Value, sequence: 0, out var header, out var payload))
        {
            throw Unreadable(queueId, key.Number);
        }

        return new DelayedItem(key, new StoredItem(header, payload.ToArray()));
    }

    private T Reading<T>(long queueId, Func<RocksDatabase, T> read)
    {
        EnterUse();
        try
        {
            return read(_database);
        }
        catch (RocksException e)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, $"What is kept of queue {queueId} cannot be read: {e.Message}", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }
}
