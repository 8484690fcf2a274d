namespace Siberite.Queues.Tests;

/// <summary>What a queue is, in a hundred lines: the ordered items nobody closed, some of them open.</summary>
internal sealed class QueueModel
{
    private readonly Dictionary<int, ModelQueue> _queues = [];
    private Dictionary<int, ModelCopy> _committed = [];

    public ModelQueue this[int number]
    {
        get
        {
            if (!_queues.TryGetValue(number, out var queue))
            {
                _queues[number] = queue = new ModelQueue();
            }

            return queue;
        }
    }

    public void Delete(int number) => this[number].Clear();

    /// <summary>What is there now survives a crash.</summary>
    public void Commit()
        => _committed = _queues.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());

    /// <summary>Back to the last commit, with nothing open and nobody waiting.</summary>
    public void Crash()
    {
        _queues.Clear();
        foreach (var (number, copy) in _committed)
        {
            this[number].Restore(copy);
        }
    }
}

internal sealed record ModelItem(long Order, string Payload, DateTimeOffset? Expires);

/// <summary>What of a queue survives.</summary>
internal sealed record ModelCopy(
    List<ModelItem> Items, List<(ModelItem Item, DateTimeOffset DueAt)> Delayed,
    List<(string Id, DateTimeOffset SeenAt)> Ids);

internal sealed record ModelWait(int Session, bool IsPeek, DateTimeOffset Deadline);

internal sealed class ModelQueue
{
    /// <summary>Every item not closed, in order of its append.</summary>
    public List<ModelItem> Items { get; } = [];

    /// <summary>Items not due yet, in order of their appends.</summary>
    public List<(ModelItem Item, DateTimeOffset DueAt)> Delayed { get; } = [];

    /// <summary>Ids that were seen, the last one last.</summary>
    public List<(string Id, DateTimeOffset SeenAt)> Ids { get; } = [];

    /// <summary>Items open, by the session that has them.</summary>
    public Dictionary<ModelItem, int> Open { get; } = [];

    public List<ModelWait> Waits { get; } = [];

    public void Clear()
    {
        Items.Clear();
        Delayed.Clear();
        Ids.Clear();
        Open.Clear();
        Waits.Clear();
    }

    public ModelCopy Copy() => new([.. Items], [.. Delayed], [.. Ids]);

    public void Restore(ModelCopy copy)
    {
        Items.AddRange(copy.Items);
        Delayed.AddRange(copy.Delayed);
        Ids.AddRange(copy.Ids);
    }

    public void Append(ModelItem item, DateTimeOffset dueAt) => Delayed.Add((item, dueAt));

    public void MoveDue(DateTimeOffset now)
    {
        foreach (var due in Delayed.Where(each => each.DueAt <= now).OrderBy(each => each.DueAt).ToArray())
        {
            Delayed.Remove(due);
            Items.Add(due.Item);
        }
    }

    /// <returns>Whether the id is new: not among the last ones, or seen too long ago.</returns>
    public bool TryRemember(string id, DateTimeOffset now, TimeSpan window, int maxIds)
    {
        var isKnown = Ids.TakeLast(maxIds).Any(seen => seen.Id == id && seen.SeenAt > now - window);
        if (!isKnown)
        {
            Ids.Add((id, now));
        }

        return !isKnown;
    }

    public ModelItem? Take(int session, bool isPeek, DateTimeOffset now)
    {
        Items.RemoveAll(item => item.Expires <= now && !Open.ContainsKey(item) && IsBeforeNext(item, now));
        var next = Items.FirstOrDefault(item => !Open.ContainsKey(item) && !(item.Expires <= now));
        if (next is not null && !isPeek)
        {
            Open[next] = session;
        }

        return next;
    }

    public ModelItem? OldestOpen(int session)
        => Items.FirstOrDefault(item => Open.TryGetValue(item, out var owner) && owner == session);

    public void Close(ModelItem item)
    {
        Open.Remove(item);
        Items.Remove(item);
    }

    public void Purge()
    {
        Items.RemoveAll(item => !Open.ContainsKey(item));
        Delayed.Clear();
    }

    /// <summary>Expired items go only when a reader comes upon them.</summary>
    private bool IsBeforeNext(ModelItem item, DateTimeOffset now)
    {
        var next = Items.FirstOrDefault(other => !Open.ContainsKey(other) && !(other.Expires <= now));
        return next is null || item.Order < next.Order;
    }
}
