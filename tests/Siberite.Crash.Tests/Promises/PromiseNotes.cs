namespace Siberite.Crash.Tests.Promises;

internal enum SetEnd
{
    Unknown,
    Stored,
    Refused,
}

/// <summary>One set, and what came of it as far as its client knows. Moments are milliseconds of one clock.</summary>
/// <param name="Payload">Unlike any other.</param>
/// <param name="Queue">Where it was set.</param>
/// <param name="SentAt">When, at the earliest.</param>
internal sealed record SetNote(string Payload, string Queue, long SentAt)
{
    public string? Id { get; init; }

    public int DelayMilliseconds { get; init; }

    /// <summary>Which life of the server it was sent to.</summary>
    public int Life { get; init; }

    public SetEnd End { get; set; }
}

/// <summary>One time an item was handed out.</summary>
/// <param name="Payload">What.</param>
/// <param name="Reader">To whom: a queue, or a cursor of it.</param>
/// <param name="ReadAt">When, at the latest.</param>
internal sealed record ReadNote(string Payload, string Reader, long ReadAt)
{
    /// <summary>Which life of the server handed it out.</summary>
    public int Life { get; init; }

    public bool IsClosed { get; set; }

    /// <summary>Whether the client gave it back, as far as it knows.</summary>
    public bool IsAborted { get; set; }

    /// <summary>Before that moment the same life of the server may not hand it out again; 0 for no promise.</summary>
    public long HeldUntil { get; set; }
}

/// <summary>What clients saw of a server that was killed and, in the end, drained.</summary>
internal sealed class PromiseNotes
{
    /// <summary>Two clocks that cut off fractions of their milliseconds may differ by that much.</summary>
    private const int ClockGrainMilliseconds = 2;

    public List<SetNote> Sets { get; } = [];

    public List<ReadNote> Reads { get; } = [];

    /// <summary>Queues that items of a queue may end in, beside itself.</summary>
    public Dictionary<string, string> Exits { get; } = [];

    /// <summary>Queues that get a copy of all that is set into a queue.</summary>
    public Dictionary<string, string> Copies { get; } = [];

    /// <summary>Cursors by their queues, which nobody else reads before the drain.</summary>
    public Dictionary<string, string> Cursors { get; } = [];

    /// <summary>How often an item may be opened in vain, by queue; then it goes to the queue's exit.</summary>
    public Dictionary<string, int> MaxDeliveries { get; } = [];

    /// <summary>How many items wait in a queue at most: what comes then is refused.</summary>
    public Dictionary<string, int> MaxItems { get; } = [];

    /// <summary>How many items wait in a queue at most: then the oldest is dropped.</summary>
    public Dictionary<string, int> Newest { get; } = [];

    /// <summary>How many of those dropped may be back after a crash, until the next set: a drop is not waited for.
    /// </summary>
    public int MaxUndropped { get; init; }

    /// <summary>Queues whose items end with the process.</summary>
    public HashSet<string> Fleeting { get; } = [];

    /// <summary>Opens that were sent and not answered, by queue: each may have been one in vain of any item.</summary>
    public Dictionary<string, int> UnansweredOpens { get; } = [];

    /// <summary>Every promise that was broken, as a sentence.</summary>
    public List<string> Check()
    {
        List<string> broken = [];
        foreach (var set in Sets)
        {
            CheckHomes(set, broken);
            var due = set.SentAt + set.DelayMilliseconds - (set.DelayMilliseconds > 0 ? ClockGrainMilliseconds : 0);
            broken.AddRange(Reads
                .Where(read => read.Payload == set.Payload && read.ReadAt < due)
                .Select(read => $"{set.Payload} came {due - read.ReadAt} ms early"));
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
            CheckReads(reads.Key.Payload, reads.Key.Reader, [.. reads], broken);
        }

        foreach (var (queue, most) in MaxItems)
        {
            CheckRefusals(queue, most, broken);
        }

        foreach (var (queue, most) in Newest)
        {
            CheckNewest(queue, most, broken);
        }

        return broken;
    }

    /// <summary>Acknowledged: for good in its queue or its exit, once, and in the copy. Else: in all of them, or in
    /// none.</summary>
    private void CheckHomes(SetNote set, List<string> broken)
    {
        if (set.End == SetEnd.Refused)
        {
            broken.AddRange(Reads.Where(read => set.Id is null && read.Payload == set.Payload)
                .Select(read => $"{set.Payload} was refused and is in {read.Reader}"));
            return;
        }

        var count = CountClosed(set.Payload, set.Queue)
            + (Exits.TryGetValue(set.Queue, out var exit) ? CountClosed(set.Payload, exit) : 0);
        var mayGo = Fleeting.Contains(set.Queue) || Newest.ContainsKey(set.Queue);
        if (count > 1 || (count == 0 && set.End == SetEnd.Stored && !mayGo))
        {
            broken.Add($"{set.Payload} of {set.Queue}, {set.End}, ended {count} times");
        }

        if (Fleeting.Contains(set.Queue) && Reads.Any(read => read.Payload == set.Payload && read.Life != set.Life))
        {
            broken.Add($"{set.Payload} outlived its process");
        }

        if (exit is not null && MaxDeliveries.TryGetValue(set.Queue, out var most))
        {
            CheckDeliveries(set, exit, most, broken);
        }

        if (Copies.TryGetValue(set.Queue, out var copy) && CountClosed(set.Payload, copy) != count)
        {
            broken.Add($"{set.Payload} is in one of {set.Queue} and {copy}");
        }
    }

    /// <summary>It was opened in vain as often as it may be before it went to the exit, and not more often.</summary>
    private void CheckDeliveries(SetNote set, string exit, int most, List<string> broken)
    {
        var opened = Reads.Where(read => read.Payload == set.Payload && read.Reader == set.Queue).ToArray();
        if (opened.Count(read => !read.IsClosed && !read.IsAborted) > most)
        {
            broken.Add($"{set.Payload} was opened in vain more than {most} times");
        }

        if (opened.Length + UnansweredOpens.GetValueOrDefault(set.Queue) < most
            && Reads.Any(read => read.Payload == set.Payload && read.Reader == exit))
        {
            broken.Add($"{set.Payload} went to {exit} after {opened.Length} deliveries");
        }
    }

    /// <summary>All hand-outs of one item by one reader, in their order.</summary>
    private static void CheckReads(string payload, string reader, ReadNote[] reads, List<string> broken)
    {
        if (reads.SkipWhile(read => !read.IsClosed).Count() > 1)
        {
            broken.Add($"{payload} was handed out by {reader} after it was closed");
        }

        for (var i = 1; i < reads.Length; i++)
        {
            var early = reads.Take(i)
                .Where(read => read.Life == reads[i].Life)
                .Max(read => (long?)read.HeldUntil) - ClockGrainMilliseconds - reads[i].ReadAt;
            if (early > 0)
            {
                broken.Add($"{payload} was handed out by {reader} {early} ms before it was free");
            }
        }
    }

    /// <summary>Nobody takes from it before the drain: it is full, or takes what comes.</summary>
    private void CheckRefusals(string queue, int most, List<string> broken)
    {
        var sets = Sets.Where(set => set.Queue == queue).ToArray();
        var first = sets.TakeWhile(set => set.End != SetEnd.Refused).Count();
        if (first < Math.Min(most, sets.Length))
        {
            broken.Add($"{queue} refused an item although it had {first} at most");
        }

        if (Reads.Count(read => read.Reader == queue && read.IsClosed) is var count && count > most)
        {
            broken.Add($"{queue} took {count} items and may have {most}");
        }
    }

    /// <summary>Nobody takes from it before the drain: the newest are there.</summary>
    private void CheckNewest(string queue, int most, List<string> broken)
    {
        var sets = Sets.Where(set => set.Queue == queue && set.End != SetEnd.Refused).ToArray();
        var kept = Reads.Where(read => read.Reader == queue && read.IsClosed).Select(read => read.Payload).ToHashSet();
        broken.AddRange(sets.SkipWhile(set => !kept.Contains(set.Payload))
            .Where(set => set.End == SetEnd.Stored && !kept.Contains(set.Payload))
            .Select(set => $"{queue} dropped {set.Payload} and kept an older one"));
        var stored = sets.Count(set => set.End == SetEnd.Stored);
        if (kept.Count < Math.Min(most, stored) || kept.Count > most + MaxUndropped)
        {
            broken.Add($"{queue} kept {kept.Count} items of {stored} where {most} may be");
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

        if (sets[0].End == SetEnd.Refused)
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
