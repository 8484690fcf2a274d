using Siberite.Contracts;

namespace Siberite.Queues;

// Handing over what the queue has beside its items.
public sealed partial class Queue
{
    /// <summary>What there is, as a whole. The queue must stand still.</summary>
    public DelayedState GetDelayedState()
    {
        lock (_gate)
        {
            return Delayed?.State ?? default;
        }
    }

    /// <summary>How often items were opened that are not closed. The queue must stand still.</summary>
    public IReadOnlyList<Deliveries> GetDeliveries()
    {
        lock (_gate)
        {
            return [.. _main.StoredDeliveries()];
        }
    }

    /// <summary>Reads delayed items, in order. The queue must stand still, and all must be written.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public IReadOnlyList<DelayedItem> ReadDelayedForMove(DelayedKey first, long maxBytes)
    {
        var found = new List<DelayedItem>();
        _shared.Store.ReadDelayed(
            _record.Id, first, long.MaxValue, MaxItemsPerMove, maxBytes, found);
        return found;
    }

    /// <summary>Reads ids, in order. The queue must stand still, and all must be written.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public IReadOnlyList<StoredId> ReadIdsForMove(long first)
    {
        var found = new List<StoredId>();
        lock (_gate)
        {
            first = Math.Max(first, Ids?.First ?? long.MaxValue);
        }

        _shared.Store.ReadIds(_record.Id, first, SeenIds.MaxPerTrim, found);
        return found;
    }

    /// <summary>The last batch that changed anything beside the items.</summary>
    private long LastExtrasBatch => Math.Max(Delayed?.Batch ?? 0, LastIdBatch);
}

public sealed partial class LocalQueues
{
    /// <summary>Alarms that stand in line.</summary>
    internal int AlarmCount => _shared.Alarms.Count;

    /// <summary>Target: stores what the queue has beside its items. The same again does no harm.</summary>
    /// <returns>When it is done, that is as safe as an append.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the move is not known
    /// here, or too far on.</exception>
    public Commit AddExtras(
        Guid move, in DelayedState state, IReadOnlyList<DelayedItem> delayed, IReadOnlyList<StoredId> ids,
        IReadOnlyList<Deliveries> deliveries)
    {
        lock (_naming)
        {
            var queueId = Arriving(move).QueueId;
            _shared.ThrowIfRefusing();
            return _commits.Mutate((queueId, state, delayed, ids, deliveries), static (batch, part) =>
            {
                foreach (var (key, item) in part.delayed)
                {
                    batch.AppendDelayed(part.queueId, key, item.Header, new(item.Payload));
                }

                foreach (var (seen, id) in part.ids)
                {
                    batch.PutId(part.queueId, seen.Ordinal, seen.SeenAt, id);
                }

                foreach (var each in part.deliveries)
                {
                    batch.PutDeliveries(part.queueId, each);
                }

                if (part.state.NextNumber > 0)
                {
                    batch.PutDelayedState(part.queueId, part.state);
                }
            });
        }
    }
}
