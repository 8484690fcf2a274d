namespace Siberite.Crash.Tests.Promises;

internal enum SetEnd
{
    Unknown,
    Stored,
    Duplicate,
}

/// <summary>One set, and what came of it as far as its client knows. Moments are milliseconds of one clock.</summary>
/// <param name="Payload">Unlike any other.</param>
/// <param name="Queue">Where it was set.</param>
/// <param name="SentAt">When, at the earliest.</param>
internal sealed record SetNote(string Payload, string Queue, long SentAt)
{
    public string? Id { get; init; }

    public int DelayMilliseconds { get; init; }

    public SetEnd End { get; set; }
}

/// <summary>One time an item was handed out.</summary>
/// <param name="Payload">What.</param>
/// <param name="Reader">To whom: a queue, or a cursor of it.</param>
/// <param name="ReadAt">When, at the latest.</param>
internal sealed record ReadNote(string Payload, string Reader, long ReadAt)
{
    public bool IsClosed { get; set; }
}

/// <summary>What one client saw of a server that was killed and, in the end, drained.</summary>
internal sealed class PromiseNotes
{
    public List<SetNote> Sets { get; } = [];

    public List<ReadNote> Reads { get; } = [];

    /// <summary>Queues that items of a queue may end in, beside itself.</summary>
    public Dictionary<string, string> Exits { get; } = [];

    /// <summary>Queues that get a copy of all that is set into a queue.</summary>
    public Dictionary<string, string> Copies { get; } = [];

    /// <summary>Cursors by their queues, which nobody else reads before the drain.</summary>
    public Dictionary<string, string> Cursors { get; } = [];

    /// <summary>Every promise that was broken, as a sentence.</summary>
    public List<string> Check()
    {
        List<string> broken = [];
        foreach (var set in Sets)
        {
            CheckHomes(set, broken);
            broken.AddRange(Reads
                .Where(read => read.Payload == set.Payload && read.ReadAt < set.SentAt + set.DelayMilliseconds)
                .Select(read => $"{set.Payload} came {set.SentAt + set.DelayMilliseconds - read.ReadAt} ms early"));
        }

        foreach (var group in Sets.Where(set => set.Id is not null).GroupBy(set => (set.Queue, set.Id)))
        {
            CheckId(group.Key.Id!, [.. group], broken);
        }

        foreach (var (queue, cursor) in Cursors)
        {
            CheckCursor(queue, cursor, broken);
        }

        foreach (var reads in Reads.GroupBy(read => (read.Payload, read.Reader)))
        {
            if (reads.SkipWhile(read => !read.IsClosed).Count() > 1)
            {
                broken.Add($"{reads.Key.Payload} was handed out by {reads.Key.Reader} after it was closed");
            }
        }

        return broken;
    }

    /// <summary>Acknowledged: for good in its queue or its exit, once, and in the copy. Else: in all of them, or in
    /// none.</summary>
    private void CheckHomes(SetNote set, List<string> broken)
    {
        if (set.End == SetEnd.Duplicate)
        {
            return;
        }

        var count = CountClosed(set.Payload, set.Queue)
            + (Exits.TryGetValue(set.Queue, out var exit) ? CountClosed(set.Payload, exit) : 0);
        if (count > 1 || (count == 0 && set.End == SetEnd.Stored))
        {
            broken.Add($"{set.Payload} of {set.Queue}, {set.End}, ended {count} times");
        }

        if (Copies.TryGetValue(set.Queue, out var copy) && CountClosed(set.Payload, copy) != count)
        {
            broken.Add($"{set.Payload} is in one of {set.Queue} and {copy}");
        }
    }

    private void CheckId(string id, SetNote[] sets, List<string> broken)
    {
        var taken = sets.Count(set => Reads.Any(read => read.Payload == set.Payload));
        if (taken > 1 || (taken == 0 && sets.Any(set => set.End != SetEnd.Unknown)))
        {
            broken.Add($"of the {sets.Length} sets with id {id} {taken} were taken");
        }

        if (sets.Count(set => set.End == SetEnd.Stored) > 1)
        {
            broken.Add($"two sets with id {id} were told STORED");
        }

        if (sets[0].End == SetEnd.Duplicate)
        {
            broken.Add($"the first set with id {id} was told NOT_STORED");
        }
    }

    /// <summary>It sees all items of its queue, in the order of their sets.</summary>
    private void CheckCursor(string queue, string cursor, List<string> broken)
    {
        var seen = Reads.Where(read => read.Reader == cursor).Select(read => read.Payload).Distinct().ToArray();
        var order = Sets.Where(set => set.Queue == queue).Select(set => set.Payload).ToArray();
        if (!seen.SequenceEqual(order.Where(seen.Contains)))
        {
            broken.Add($"{cursor} did not see the items in their order");
        }

        broken.AddRange(Sets
            .Where(set => set.Queue == queue && set.End == SetEnd.Stored && !seen.Contains(set.Payload))
            .Select(set => $"{cursor} skipped {set.Payload}"));
    }

    private int CountClosed(string payload, string queue)
        => Reads.Count(read => read.Payload == payload && read.Reader == queue && read.IsClosed);
}
