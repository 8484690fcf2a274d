using Siberite.Queues;

namespace Siberite.Testing.Stores;

/// <summary>What a store holds of queues beside their items, as plain collections. Not thread-safe.</summary>
internal sealed class ExtrasModel
{
    private readonly Dictionary<long, SortedDictionary<DelayedKey, StoredItem>> _delayed = [];
    private readonly Dictionary<long, DelayedState> _delayedStates = [];
    private readonly Dictionary<(long QueueId, string Id), SeenId> _ids = [];
    private readonly Dictionary<long, SortedDictionary<long, StoredId>> _idOrder = [];
    private readonly SortedDictionary<(long QueueId, int Reader, long Sequence), int> _deliveries = [];

    public ExtrasModel Copy()
    {
        var copy = new ExtrasModel();
        foreach (var (key, count) in _deliveries)
        {
            copy._deliveries.Add(key, count);
        }

        foreach (var (queueId, items) in _delayed)
        {
            copy._delayed.Add(queueId, new SortedDictionary<DelayedKey, StoredItem>(items));
        }

        foreach (var (queueId, order) in _idOrder)
        {
            copy._idOrder.Add(queueId, new SortedDictionary<long, StoredId>(order));
        }

        foreach (var (queueId, state) in _delayedStates)
        {
            copy._delayedStates.Add(queueId, state);
        }

        foreach (var (id, seen) in _ids)
        {
            copy._ids.Add(id, seen);
        }

        return copy;
    }

    public QueueExtras Read(long queueId)
    {
        var order = _idOrder.GetValueOrDefault(queueId);
        Deliveries[] counts =
        [
            .. _deliveries.Where(pair => pair.Key.QueueId == queueId)
                .Select(pair => new Deliveries(pair.Key.Reader, pair.Key.Sequence, pair.Value)),
        ];
        var (first, last) = order is { Count: > 0 } ? (order.Keys.First(), order.Keys.Last()) : (0, 0);
        return new QueueExtras(_delayedStates.GetValueOrDefault(queueId), first, last)
        {
            Deliveries = counts.Length == 0 ? null : counts,
        };
    }

    public void ReadDelayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount, long maxBytes, ICollection<DelayedItem> target)
    {
        var (count, bytes) = (0, 0L);
        foreach (var (key, item) in Of(queueId).SkipWhile(pair => pair.Key < first))
        {
            if (key.DueAt >= dueLimit || count >= maxCount || bytes >= maxBytes)
            {
                return;
            }

            target.Add(new DelayedItem(key, item with { Bytes = [.. item.Payload] }));
            count++;
            bytes += item.Payload.Length;
        }
    }

    public DelayedKey? FindDelayed(long queueId, DelayedKey first)
    {
        foreach (var key in Of(queueId).Keys.Where(key => key >= first))
        {
            return key;
        }

        return null;
    }

    public SeenId? FindId(long queueId, ReadOnlySpan<byte> id)
        => _ids.TryGetValue((queueId, Convert.ToHexString(id)), out var seen) ? seen : null;

    public void ReadIds(long queueId, long first, int maxCount, ICollection<StoredId> target)
    {
        foreach (var id in Order(queueId).Values.Where(id => id.Seen.Ordinal >= first).Take(maxCount))
        {
            target.Add(id with { Id = [.. id.Id] });
        }
    }

    public int DelayedCount(long queueId) => Of(queueId).Count;

    public int IdCount(long queueId) => _ids.Keys.Count(key => key.QueueId == queueId);

    public int IdOrderCount(long queueId) => Order(queueId).Count;

    public void AppendDelayed(long queueId, DelayedKey key, StoredItem item) => Of(queueId)[key] = item;

    public void RemoveDelayed(long queueId, DelayedKey key) => Of(queueId).Remove(key);

    public void DropDelayed(long queueId) => _delayed.Remove(queueId);

    public void PutDelayedState(long queueId, DelayedState state) => _delayedStates[queueId] = state;

    public void PutId(long queueId, StoredId id)
    {
        Order(queueId)[id.Seen.Ordinal] = id;
        _ids[(queueId, Convert.ToHexString(id.Id))] = id.Seen;
    }

    public void RemoveId(long queueId, byte[] id) => _ids.Remove((queueId, Convert.ToHexString(id)));

    public void TrimIds(long queueId, long first, long limit)
    {
        foreach (var ordinal in Order(queueId).Keys.Where(key => key >= first && key < limit).ToArray())
        {
            Order(queueId).Remove(ordinal);
        }
    }

    public void PutDeliveries(long queueId, Deliveries deliveries)
        => _deliveries[(queueId, deliveries.Reader, deliveries.Sequence)] = deliveries.Count;

    public void RemoveDeliveries(long queueId, int reader, long sequence)
        => _deliveries.Remove((queueId, reader, sequence));

    public void DropQueue(long queueId)
    {
        foreach (var key in _deliveries.Keys.Where(key => key.QueueId == queueId).ToArray())
        {
            _deliveries.Remove(key);
        }

        _delayed.Remove(queueId);
        _delayedStates.Remove(queueId);
        _idOrder.Remove(queueId);
        foreach (var key in _ids.Keys.Where(key => key.QueueId == queueId).ToArray())
        {
            _ids.Remove(key);
        }
    }

    private SortedDictionary<DelayedKey, StoredItem> Of(long queueId)
    {
        if (!_delayed.TryGetValue(queueId, out var items))
        {
            _delayed.Add(queueId, items = []);
        }

        return items;
    }

    private SortedDictionary<long, StoredId> Order(long queueId)
    {
        if (!_idOrder.TryGetValue(queueId, out var order))
        {
            _idOrder.Add(queueId, order = []);
        }

        return order;
    }
}
