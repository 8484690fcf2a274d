using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

public sealed partial class RocksQueueStore
{
    /// <summary>Large enough for a drain to run at the disk's speed. Each fresh file has a buffer of so much, and 256
    /// items whose payloads are packed have 30 KB of records in all of them together.</summary>
    private const int ReadAheadBytes = 64 << 10;

    /// <inheritdoc/>
    public IReadOnlyList<StoredQueue> LoadQueues()
    {
        EnterUse();
        try
        {
            var queues = new QueueScan(_database).Run();
            _payloads.Trim(queues);
            return queues;
        }
        catch (RocksException e)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, $"The list of queues cannot be read: {e.Message}", e);
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
            PackReader? packs = null;
            using var items = _database.ScanItems(firstKey, limitKey, fillsCache: false, ReadAheadBytes);
            for (items.SeekToFirst(); items.IsValid; items.MoveNext())
            {
                if (ReadItem(items, ref packs) is not { } item)
                {
                    continue;
                }

                target.Add(item);
                readBytes += item.PayloadBytes;
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

    /// <returns><see langword="null"/> if a power cut has left nothing whole of it.</returns>
    private StoredItem? ReadItem(RocksIterator items, ref PackReader? packs)
    {
        var (queueId, sequence) = StoreKeys.ReadItem(items.Key);
        if (!ItemValue.TryRead(items.Value, sequence, out var header, out var payload))
        {
            throw Unreadable(queueId, sequence);
        }

        if (ItemValue.IsLarge(items.Value))
        {
            return FindPayload(header, payload, queueId, ref packs);
        }

        var copy = GC.AllocateUninitializedArray<byte>(payload.Length);
        payload.CopyTo(copy);
        return new StoredItem(header, copy);
    }

    private static SiberiteException Unreadable(long queueId, long sequence)
        => new(
            SiberiteError.ItemUnreadable,
            $"Item {sequence} of queue {queueId} is not in a form that this server knows.",
            inner: null);
}
