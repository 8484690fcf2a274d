namespace Siberite.Crash.Tests.Fake;

/// <summary>An item of the fake server.</summary>
internal sealed class FakeItem(string queue, long place, uint flags, byte[] payload)
{
    public string Queue { get; } = queue;

    public long Place { get; set; } = place;

    public uint Flags { get; } = flags;

    public byte[] Payload { get; } = payload;

    public FakeItem At(long newPlace) => new(Queue, newPlace, Flags, Payload);
}

/// <summary>The items of one queue that wait, by place.</summary>
internal sealed class FakeQueue
{
    public SortedDictionary<long, FakeItem> Waiting { get; } = [];

    public Queue<TaskCompletionSource> Waiters { get; } = [];
}

/// <summary>What survives a kill; with it, what a power cut may still undo.</summary>
internal sealed class FakeDisk
{
    private readonly Dictionary<(string Queue, long Place), FakeItem> _items = [];
    private readonly List<FakeItem> _unsyncedRemovals = [];
    private readonly List<FakeItem> _lazyRemovals = [];

    public IEnumerable<FakeItem> Items => _items.Values;

    public void Store(FakeItem item) => _items[(item.Queue, item.Place)] = item;

    /// <summary>Everything written so far is safe from power cuts.</summary>
    public void Sync()
    {
        WriteLazyRemovals();
        _unsyncedRemovals.Clear();
    }

    public void Remove(FakeItem item)
    {
        WriteLazyRemovals();
        if (_items.Remove((item.Queue, item.Place)))
        {
            _unsyncedRemovals.Add(item);
        }
    }

    /// <summary>Removes with the next write.</summary>
    public void RemoveLazily(FakeItem item) => _lazyRemovals.Add(item);

    public void Crash(bool isPowerCut)
    {
        _lazyRemovals.Clear();
        if (isPowerCut)
        {
            _unsyncedRemovals.ForEach(Store);
        }

        _unsyncedRemovals.Clear();
    }

    private void WriteLazyRemovals()
    {
        foreach (var item in _lazyRemovals)
        {
            if (_items.Remove((item.Queue, item.Place)))
            {
                _unsyncedRemovals.Add(item);
            }
        }

        _lazyRemovals.Clear();
    }
}
