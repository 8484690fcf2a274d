namespace Siberite.Queues;

/// <summary>The items of a queue that keeps no journal: all there is of them.</summary>
/// <remarks>Thread-safe: the queue adds and removes under its gate, readers look things up without.</remarks>
/// <param name="budget">Of all such queues.</param>
internal sealed class MemoryItems(MemoryBudget budget)
{
    /// <summary>Bytes of memory beside a payload: the item, the array's header and its rounding, the place in the
    /// list.</summary>
    private const int OverheadBytes = 120;

    private readonly Lock _gate = new();
    private readonly List<StoredItem> _items = []; // In order of their sequences, not all of which are there.
    private int _removed; // So many of the first ones are no longer there.
    private long _bytes;

    /// <summary>Memory that is held, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Items that are held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _items.Count - _removed;
            }
        }
    }

    /// <summary>Adds an item behind all others.</summary>
    public void Add(in ItemHeader header, byte[] payload)
    {
        lock (_gate)
        {
            _items.Add(new StoredItem(header, payload));
            CountBytes(CostOf(payload));
        }
    }

    /// <summary>Finds items in order, as a store does.</summary>
    /// <param name="first">First sequence wanted.</param>
    /// <param name="limit">First sequence not wanted.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="found">Receives them.</param>
    public void Read(long first, long limit, long maxBytes, List<StoredItem> found)
    {
        lock (_gate)
        {
            var bytes = 0L;
            for (var i = IndexOf(first); i < _items.Count && _items[i].Header.Sequence < limit; i++)
            {
                found.Add(_items[i]);
                bytes += _items[i].Payload.Length;
                if (bytes >= maxBytes)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Forgets all items below <paramref name="limit"/>.</summary>
    public void RemoveBelow(long limit)
    {
        lock (_gate)
        {
            for (; _removed < _items.Count && _items[_removed].Header.Sequence < limit; _removed++)
            {
                CountBytes(-CostOf(_items[_removed].Payload));
                _items[_removed] = default;
            }

            if (_removed > _items.Count / 2)
            {
                _items.RemoveRange(0, _removed); // Each item is moved once on average.
                _removed = 0;
            }
        }
    }

    /// <summary>Forgets the items that are closed, wherever they are.</summary>
    public void RemoveClosed(Predicate<long> isClosed)
    {
        lock (_gate)
        {
            _items.RemoveRange(0, _removed);
            _removed = 0;
            _items.RemoveAll(item => isClosed(item.Header.Sequence));
            CountBytes(_items.Sum(item => CostOf(item.Payload)) - _bytes);
        }
    }

    /// <summary>Forgets all items: their queue is gone.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _items.Clear();
            _removed = 0;
            CountBytes(-_bytes);
        }
    }

    private void CountBytes(long bytes)
    {
        _bytes += bytes;
        budget.Add(bytes);
    }

    private static long CostOf(byte[] payload) => payload.Length + OverheadBytes;

    private int IndexOf(long sequence)
    {
        var (first, limit) = (_removed, _items.Count);
        while (first < limit)
        {
            var middle = first + ((limit - first) / 2);
            if (_items[middle].Header.Sequence < sequence)
            {
                first = middle + 1;
            }
            else
            {
                limit = middle;
            }
        }

        return first;
    }
}
