using Siberite.Queues;

namespace Siberite.Storage;

public sealed partial class RocksQueueStore
{
    /// <summary>Less than this in files is not worth writing out everybody's memory for.</summary>
    private const long WorthRewritingBytes = 1L << 20;

    /// <inheritdoc/>
    public void ReclaimSpace(long queueId, long limit, bool isEmpty)
    {
        Span<byte> firstKey = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limitKey = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(firstKey, queueId, sequence: 0);
        StoreKeys.WriteItem(limitKey, queueId, limit);

        EnterUse();
        try
        {
            ThrowIfFailed();
            var started = _time.GetTimestamp();
            var found = _database.ItemFileBytes(firstKey, limitKey);
            if (isEmpty && found >= WorthRewritingBytes && _database.Compacts)
            {
                RewriteLeftovers(firstKey, limitKey);
            }
            else
            {
                _database.DeleteItemFiles(firstKey, limitKey);
            }

            if (limit == long.MaxValue)
            {
                DeleteDelayedFiles(queueId);
            }

            ReclaimPayloads(isEmpty);

            var left = _database.ItemFileBytes(firstKey, limitKey);
            LogReclaimed(
                _logger, queueId, found - left, left, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (Exception e) when (e is RocksException or IOException)
        {
            throw Fail("reclaiming of space", e);
        }
        finally
        {
            _lifetime.ExitReadLock();
        }
    }

    /// <remarks>A queue that is gone leaves none behind.</remarks>
    private void DeleteDelayedFiles(long queueId)
    {
        Span<byte> first = stackalloc byte[StoreKeys.DelayedBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.DelayedBytes];
        StoreKeys.WriteDelayed(first, queueId, default);
        StoreKeys.WriteDelayed(limit, queueId, DelayedKey.Last);
        _database.DeleteItemFiles(first, limit);
    }

    private void RewriteLeftovers(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        // Whole files go without being read; the one that holds the range's own deletion mark may be among them, and
        // then what is left in the files at both ends would stay for ever. So it is marked anew.
        _database.DeleteItemFiles(first, limit);
        var batch = new WriteBatchBuffer();
        batch.DeleteRange(_database.ItemsFamily, first, limit);
        _database.Write(batch.Written);

        // To files, the mark with it: the log that holds the same items can then go too.
        _database.WriteOutMemory();
        _database.RewriteItems(first, limit);
    }
}
