using Siberite.Queues;

namespace Siberite.Testing.Stores;

/// <summary>What a store holds, as plain collections. Not thread-safe.</summary>
internal sealed class StoredModel
{
    private readonly SortedDictionary<long, QueueRecord> _queues = [];
    private readonly Dictionary<(long QueueId, int Reader), ReaderState> _readers = [];
    private readonly SortedDictionary<(long QueueId, int Reader), CursorRecord> _cursors = [];
    private readonly Dictionary<long, SortedList<long, Slot>> _items = [];
    private readonly Dictionary<long, string> _idsEverUsed = [];
    private readonly Dictionary<string, byte[]> _states = [];

    /// <summary>What there is beside items.</summary>
    public ExtrasModel Extras { get; private init; } = new();

    public StoredModel Copy()
    {
        var copy = new StoredModel { Extras = Extras.Copy() };
        CopyEntries(_queues, copy._queues);
        CopyEntries(_readers, copy._readers);
        CopyEntries(_cursors, copy._cursors);
        CopyEntries(_idsEverUsed, copy._idsEverUsed);
        CopyEntries(_states, copy._states);
        foreach (var (queueId, items) in _items)
        {
            copy._items.Add(queueId, new SortedList<long, Slot>(items));
        }

        return copy;
    }

    public void Apply(Action<StoredModel>[] changes)
    {
        foreach (var change in changes)
        {
            change(this);
        }
    }

    public List<StoredQueue> LoadQueues(bool showTrimmed)
    {
        var found = new List<StoredQueue>(_queues.Count);
        foreach (var queue in _queues.Values)
        {
            var unmoved = new ReaderState(Position: 1, ClosedBytes: 0, default);
            var reader = _readers.GetValueOrDefault((queue.Id, 0), unmoved);
            var last = default(ItemHeader);
            if (_items.TryGetValue(queue.Id, out var items))
            {
                last = items.Values.LastOrDefault(slot => showTrimmed || !slot.IsTrimmed).Item.Header;
            }

            found.Add(new StoredQueue(queue, reader, last.Sequence, last.AppendedBytes)
            {
                Cursors =
                [
                    .. from cursor in _cursors
                       where cursor.Key.QueueId == queue.Id
                       select new StoredCursor(
                           cursor.Key.Reader, cursor.Value, _readers.GetValueOrDefault(cursor.Key, unmoved)),
                ],
                Extras = Extras.Read(queue.Id),
            });
        }

        return found;
    }

    public void ReadItems(
        long queueId, long first, long limit, long maxBytes, bool showTrimmed,
        Func<long, StoredItem, StoredItem> asLarge, ICollection<StoredItem> target)
    {
        if (!_items.TryGetValue(queueId, out var items))
        {
            return;
        }

        var readBytes = 0L;
        for (var i = IndexOf(items, first); i < items.Count && items.GetKeyAtIndex(i) < limit; i++)
        {
            var (item, isLarge, isTrimmed) = items.GetValueAtIndex(i);
            if (isTrimmed && (isLarge || !showTrimmed))
            {
                continue;
            }

            // A copy, so that a test that scribbles on what it read does not scribble on the disk.
            target.Add(isLarge ? asLarge(queueId, item) : item with { Bytes = [.. item.Payload] });
            readBytes += item.Payload.Length;
            if (readBytes >= maxBytes)
            {
                return;
            }
        }
    }

    /// <summary>Whether the item was there and is trimmed.</summary>
    public bool IsTrimmed(long queueId, long sequence)
        => _items.TryGetValue(queueId, out var items)
            && (items.TryGetValue(sequence, out var slot) ? slot.IsTrimmed
                : items.Count > 0 && sequence < items.GetKeyAtIndex(0));

    public int LiveItemCount(long queueId)
        => _items.TryGetValue(queueId, out var items) ? items.Values.Count(slot => !slot.IsTrimmed) : 0;

    public byte[]? ReadState(string key) => (byte[]?)_states.GetValueOrDefault(key)?.Clone();

    public void PutQueue(QueueRecord queue)
    {
        // The items of a dropped queue may still be found under its id: a second queue would serve them.
        if (_idsEverUsed.TryGetValue(queue.Id, out var name) && name != queue.Name)
        {
            throw new InvalidOperationException($"Queue id {queue.Id} was {name} and is reused for {queue.Name}.");
        }

        _idsEverUsed[queue.Id] = queue.Name;
        _queues[queue.Id] = queue;
    }

    public void DropQueue(long queueId)
    {
        _queues.Remove(queueId);
        Extras.DropQueue(queueId);
        TrimItems(queueId, first: 0, limit: long.MaxValue);
        foreach (var key in _readers.Keys.Where(key => key.QueueId == queueId).ToArray())
        {
            _readers.Remove(key);
            _cursors.Remove(key);
        }
    }

    public void PutCursor(long queueId, int reader, CursorRecord cursor) => _cursors[(queueId, reader)] = cursor;

    public void DropCursor(long queueId, int reader)
    {
        _cursors.Remove((queueId, reader));
        _readers.Remove((queueId, reader));
    }

    public void AppendItem(long queueId, StoredItem item, bool isLarge)
    {
        if (!_items.TryGetValue(queueId, out var items))
        {
            _items.Add(queueId, items = []);
        }

        items[item.Header.Sequence] = new Slot(item, isLarge, IsTrimmed: false);
    }

    public void PutReader(long queueId, int reader, ReaderState state) => _readers[(queueId, reader)] = state;

    public void TrimItems(long queueId, long first, long limit)
    {
        if (!_items.TryGetValue(queueId, out var items))
        {
            return;
        }

        for (var i = IndexOf(items, first); i < items.Count && items.GetKeyAtIndex(i) < limit; i++)
        {
            items.SetValueAtIndex(i, items.GetValueAtIndex(i) with { IsTrimmed = true });
        }
    }

    public void ForgetTrimmed(long queueId, long limit)
    {
        if (_items.TryGetValue(queueId, out var items))
        {
            var kept = items.Where(entry => entry.Key >= limit || !entry.Value.IsTrimmed).ToDictionary();
            _items[queueId] = new SortedList<long, Slot>(kept);
        }
    }

    public void PutState(string key, byte[]? value)
    {
        if (value is null)
        {
            _states.Remove(key);
        }
        else
        {
            _states[key] = value;
        }
    }

    private static int IndexOf(SortedList<long, Slot> items, long first)
    {
        var (low, high) = (0, items.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = items.GetKeyAtIndex(middle) < first ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static void CopyEntries<TKey, TValue>(IDictionary<TKey, TValue> source, IDictionary<TKey, TValue> target)
    {
        foreach (var (key, value) in source)
        {
            target.Add(key, value);
        }
    }

    private readonly record struct Slot(StoredItem Item, bool IsLarge, bool IsTrimmed);
}
