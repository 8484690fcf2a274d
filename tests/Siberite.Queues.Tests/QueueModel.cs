namespace Siberite.Queues.Tests;

/// <summary>What a queue is, in a hundred lines: the ordered items nobody closed, some of them open.</summary>
internal sealed class QueueModel
{
    /// <summary>Where poisoned items of the others go.</summary>
    public const int DeadQueue = 3;

    /// <summary>The queue that keeps no journal.</summary>
    public const int MemoryQueue = 1;

    /// <summary>The queue that has cursors.</summary>
    public const int CursorQueue = 2;

    /// <summary>A queue with two children, all under leases.</summary>
    public const int Parent = 4;

    /// <summary>A queue that keeps nothing itself, with one child.</summary>
    public const int EmptyParent = 7;

    /// <summary>All but the one for dead items.</summary>
    public static readonly int[] Played = [0, MemoryQueue, CursorQueue, Parent, 5, 6, EmptyParent, 8];

    /// <summary>Steps begin at even ticks, and what they delay is due at odd ones.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(400);

    private readonly Dictionary<int, ModelQueue> _queues = [];
    private HashSet<int> _children = []; // Those that are there.
    private long _buried;
    private Dictionary<int, ModelCopy> _committed = [];
    private HashSet<int> _committedChildren = [];

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

    /// <summary>The queue whose child it is; 0 for none.</summary>
    public static int ParentOf(int number) => number switch { 5 or 6 => Parent, 8 => EmptyParent, _ => 0 };

    /// <summary>How long open reads may stay open; 0 for ever. They end between ticks, where nothing else does: also
    /// those of a waiter who is served at such an end.</summary>
    public static TimeSpan LeaseOf(int number) => number is Parent or 5 or 6 ? Tick * 7.25 : TimeSpan.Zero;

    /// <summary>How many items may wait, and whether the oldest goes when there are more; otherwise the newest is
    /// refused.</summary>
    public static (int MaxItems, bool DropsOldest) LimitOf(int number)
        => number switch { 6 => (4, false), 8 => (3, true), _ => (int.MaxValue, false) };

    /// <summary>Whether it must refuse an item, or may: some that wait may have left without anybody's
    /// knowing.</summary>
    public (bool Must, bool May) IsFull(int number, DateTimeOffset now)
    {
        var (max, dropsOldest) = LimitOf(number);
        var waiting = WaitingIn(number);
        var certain = waiting.Count(item => !(item.Expires <= now) && !IsPoisoned(number, item));
        var delayed = this[number].Delayed.Count;
        return (!dropsOldest && certain + delayed >= max, !dropsOldest && waiting.Count + delayed >= max);
    }

    /// <summary>An item comes to the tail.</summary>
    public void Append(int number, ModelItem item)
    {
        this[number].Items.Add(item);
        while (IsOverfull(number))
        {
            DropOldest(number);
        }
    }

    /// <summary>Whether more wait than may. After one came back, the oldest goes sooner or later.</summary>
    public bool IsOverfull(int number)
        => LimitOf(number) is { DropsOldest: true } limit && WaitingIn(number).Count > limit.MaxItems;

    public void DropOldest(int number) => this[number].Items.Remove(WaitingIn(number)[0]);

    private List<ModelItem> WaitingIn(int number)
        => this[number].Items.FindAll(item => !this[number].Open.ContainsKey(item));

    /// <summary>Moves what is due to the tail.</summary>
    public void MoveDue(DateTimeOffset now)
    {
        foreach (var number in Played)
        {
            foreach (var item in this[number].TakeDue(now))
            {
                Append(number, item);
            }
        }
    }

    /// <summary>Somebody names the queue: a child is there from then on.</summary>
    public void Refer(int number)
    {
        if (ParentOf(number) != 0)
        {
            _children.Add(number);
        }
    }

    /// <summary>Whether a child is there.</summary>
    public bool HasChild(int number) => _children.Contains(number);

    /// <summary>Those that get what is appended to a queue.</summary>
    public IEnumerable<int> ReceiversOf(int number)
        => _children.Where(child => ParentOf(child) == number)
            .Concat(number == EmptyParent ? [] : [number]);

    /// <summary>Takes back what has been open for too long.</summary>
    public void EndLeases(DateTimeOffset now)
    {
        foreach (var number in Played)
        {
            foreach (var item in this[number].Overdue(now))
            {
                Lose(number, item, now);
            }
        }
    }

    /// <summary>What the queues are told about deliveries in vain.</summary>
    public static (int MaxDeliveries, TimeSpan RetryDelay) RulesOf(int number)
        => number switch
        {
            0 => (3, Tick * 3),
            CursorQueue => (2, Tick),
            EmptyParent or 8 => (int.MaxValue, TimeSpan.Zero),
            _ => (2, TimeSpan.Zero),
        };

    /// <summary>The item whose turn it is. Those that expired, or were opened too often before a crash, go when a
    /// reader comes upon them.</summary>
    public ModelItem? Take(int number, int session, bool isPeek, DateTimeOffset now)
    {
        var queue = this[number];
        while (queue.Items.FirstOrDefault(item => !queue.Open.ContainsKey(item)) is { } next)
        {
            if (next.Expires <= now)
            {
                NoteDying(number, next);
                queue.Items.Remove(next);
            }
            else if (IsPoisoned(number, next))
            {
                Bury(number, next);
            }
            else
            {
                if (!isPeek)
                {
                    queue.Open[next] = session;
                    queue.LeaseEnds[next] = LeaseOf(number) == TimeSpan.Zero
                        ? DateTimeOffset.MaxValue
                        : now + LeaseOf(number);
                    queue.Counts[next.Order] = queue.CountOf(next) + 1;
                }

                return next;
            }
        }

        return null;
    }

    /// <summary>The session is gone.</summary>
    public void Lose(int number, ModelItem item, DateTimeOffset now)
    {
        var (maxDeliveries, retryDelay) = RulesOf(number);
        var queue = this[number];
        queue.Open.Remove(item);
        if (queue.CountOf(item) >= maxDeliveries)
        {
            Bury(number, item);
        }
        else if (retryDelay > TimeSpan.Zero)
        {
            queue.Items.Remove(item);
            queue.Append(item with { Turn = item.Turn + 1 }, now + retryDelay); // To cursors it is another one.
        }
    }

    public void Bury(int number, ModelItem item)
    {
        this[number].Items.Remove(item);
        this[DeadQueue].Items.Add(item with { Order = ++_buried, Expires = null });
    }

    /// <summary>Payloads of items that were opened too often and then expired or went with their queue, unless the
    /// engine came upon them first: it looks at heads by itself after a start.</summary>
    public List<string> MayBeDead { get; } = [];

    public void Delete(int number)
    {
        this[number].Items.ForEach(item => NoteDying(number, item));
        this[number].Clear();
        _children.Remove(number);
    }

    public void Purge(int number)
    {
        this[number].Items.ForEach(item => NoteDying(number, item));
        this[number].Purge();
    }

    /// <summary>Whether nobody has it who could give it back, and it was opened too often: it goes when the default
    /// reader comes upon it, or before.</summary>
    public bool IsPoisoned(int number, ModelItem item)
        => number != DeadQueue && !this[number].Open.ContainsKey(item)
            && this[number].CountOf(item) >= RulesOf(number).MaxDeliveries;

    private void NoteDying(int number, ModelItem item)
    {
        if (number != DeadQueue && this[number].CountOf(item) >= RulesOf(number).MaxDeliveries)
        {
            MayBeDead.Add(item.Payload);
        }
    }

    /// <summary>What is there now survives a crash.</summary>
    public void Commit()
    {
        _committed = _queues.ToDictionary(pair => pair.Key, pair => pair.Value.Copy());
        _committedChildren = [.. _children];
    }

    /// <summary>Back to the last commit, with nothing open and nobody waiting. What is in memory alone is
    /// gone.</summary>
    public void Crash()
    {
        _queues.Clear();
        _children = [.. _committedChildren];
        foreach (var (number, copy) in _committed)
        {
            this[number].Restore(copy);
        }

        this[MemoryQueue].Items.Clear();
        this[MemoryQueue].Counts.Clear();
    }
}

internal sealed record ModelItem(long Order, string Payload, DateTimeOffset? Expires)
{
    /// <summary>How often it was kept back after a delivery in vain.</summary>
    public int Turn { get; init; }
}

/// <summary>What of a queue survives.</summary>
internal sealed record ModelCopy(
    List<ModelItem> Items, List<(ModelItem Item, DateTimeOffset DueAt)> Delayed,
    List<(string Id, DateTimeOffset SeenAt)> Ids, Dictionary<long, int> Counts,
    Dictionary<string, List<ModelItem>> Cursors);

internal sealed record ModelWait(int Session, bool IsPeek, DateTimeOffset Deadline);

/// <summary>What one cursor has closed, and what its sessions have open.</summary>
internal sealed class ModelCursor
{
    public HashSet<ModelItem> Closed { get; } = [];

    public Dictionary<ModelItem, int> Open { get; } = [];

    public ModelItem? OldestOpen(int session)
        => Open.Where(pair => pair.Value == session).OrderBy(pair => pair.Key.Order).FirstOrDefault().Key;
}

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

    /// <summary>When each of them goes back by itself, unless it has ended before.</summary>
    public Dictionary<ModelItem, DateTimeOffset> LeaseEnds { get; } = [];

    /// <summary>How often items were opened, by their orders.</summary>
    public Dictionary<long, int> Counts { get; } = [];

    public List<ModelWait> Waits { get; } = [];

    public Dictionary<string, ModelCursor> Cursors { get; } = [];

    public void Clear()
    {
        Items.Clear();
        Delayed.Clear();
        Ids.Clear();
        Counts.Clear();
        Open.Clear();
        Waits.Clear();
        Cursors.Clear();
    }

    public ModelCursor Cursor(string name)
    {
        Cursors.TryAdd(name, new ModelCursor());
        return Cursors[name];
    }

    /// <summary>A cursor takes the oldest item of the queue that it has not closed, whoever else has it.</summary>
    public ModelItem? TakeFor(string name, int session, bool isPeek, DateTimeOffset now)
    {
        var next = PeekFor(name, now);
        if (next is not null && !isPeek)
        {
            Cursor(name).Open[next] = session;
        }

        return next;
    }

    public ModelItem? PeekFor(string name, DateTimeOffset now)
    {
        var cursor = Cursor(name);
        return Items.FirstOrDefault(item
            => !cursor.Closed.Contains(item) && !cursor.Open.ContainsKey(item) && !(item.Expires <= now));
    }

    public ModelCopy Copy() => new(
        [.. Items], [.. Delayed], [.. Ids], new(Counts),
        Cursors.ToDictionary(cursor => cursor.Key, cursor => cursor.Value.Closed.ToList()));

    public void Restore(ModelCopy copy)
    {
        Items.AddRange(copy.Items);
        Delayed.AddRange(copy.Delayed);
        Ids.AddRange(copy.Ids);
        foreach (var (order, count) in copy.Counts)
        {
            Counts.Add(order, count);
        }

        foreach (var (name, closed) in copy.Cursors)
        {
            Cursor(name).Closed.UnionWith(closed);
        }
    }

    public void Append(ModelItem item, DateTimeOffset dueAt) => Delayed.Add((item, dueAt));

    /// <summary>What is due, in its order; what has expired by then is gone.</summary>
    public List<ModelItem> TakeDue(DateTimeOffset now)
    {
        var due = Delayed.Where(each => each.DueAt <= now).OrderBy(each => each.DueAt).ToList();
        due.ForEach(each => Delayed.Remove(each));
        return [.. due.Select(each => each.Item).Where(item => !(item.Expires <= now))];
    }

    /// <summary>Whether an id is among the last ones, and was not seen too long ago.</summary>
    public bool Knows(string id, DateTimeOffset now, TimeSpan window, int maxIds)
        => Ids.TakeLast(maxIds).Any(seen => seen.Id == id && seen.SeenAt > now - window);

    public int CountOf(ModelItem item) => Counts.GetValueOrDefault(item.Order);

    public void Abort(ModelItem item)
    {
        Open.Remove(item);
        Counts[item.Order]--;
    }

    /// <summary>Open items whose leases have run out, in order.</summary>
    public ModelItem[] Overdue(DateTimeOffset now)
        => [.. Items.Where(item => Open.ContainsKey(item) && LeaseEnds[item] <= now)];

    /// <summary>Has what a session has open stay so for longer, where it would not.</summary>
    public void Touch(ModelItem item, DateTimeOffset until)
        => LeaseEnds[item] = LeaseEnds[item] > until ? LeaseEnds[item] : until;

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
}
