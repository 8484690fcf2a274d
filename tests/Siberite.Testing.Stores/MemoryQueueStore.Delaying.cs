using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Testing.Stores;

// Delayed items and ids.
public sealed partial class MemoryQueueStore
{
    /// <summary>Delayed items of the queue that were written and not removed.</summary>
    public int DelayedCount(long queueId) => Reading(extras => extras.DelayedCount(queueId));

    /// <summary>Ids of the queue that are remembered, and their places in order.</summary>
    public (int Ids, int Places) IdCounts(long queueId)
        => Reading(extras => (extras.IdCount(queueId), extras.IdOrderCount(queueId)));

    public QueueExtras ReadExtras(long queueId) => Reading(extras => extras.Read(queueId));

    public void ReadDelayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount, long maxBytes, ICollection<DelayedItem> target)
        => Reading(extras =>
        {
            ReadCount++;
            ThrowUnlessReadable();
            extras.ReadDelayed(queueId, first, dueLimit, maxCount, maxBytes, target);
            return 0;
        });

    public DelayedKey? FindDelayed(long queueId, DelayedKey first)
        => Reading(extras =>
        {
            ThrowUnlessReadable();
            return extras.FindDelayed(queueId, first);
        });

    public SeenId? FindId(long queueId, ReadOnlySpan<byte> id)
    {
        var copy = id.ToArray();
        return Reading(extras => extras.FindId(queueId, copy));
    }

    public void ReadIds(long queueId, long first, int maxCount, ICollection<StoredId> target)
        => Reading(extras =>
        {
            extras.ReadIds(queueId, first, maxCount, target);
            return 0;
        });

    private T Reading<T>(Func<ExtrasModel, T> read)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            return read(_current.Extras);
        }
    }

    private void ThrowUnlessReadable()
    {
        if (!CanReadItems)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, "The read was made to fail.", new IOException());
        }
    }
}
