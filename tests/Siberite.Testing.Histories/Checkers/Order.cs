namespace Siberite.Testing.Histories.Checkers;

/// <summary>FIFO and original place: while an item waits, no item behind it is handed out.</summary>
/// <remarks>
/// An item is behind another if its set was sent after the other's had returned, or later in the same session, or if
/// it waited when the other was handed out before. A span of waiting begins with the set's reply (a break is called
/// <see cref="Rule.Fifo"/>), an abort's reply or the restart after a crash (<see cref="Rule.OriginalPlace"/>) and ends
/// when the next get that is given the item is sent. Every kind of being behind is one sweep per queue, n log n.
/// </remarks>
internal static class Order
{
    public static IEnumerable<Violation> Check(Chronicle chronicle, CheckerOptions options)
        => chronicle.Queues.SelectMany(queue => CheckQueue(chronicle, options, queue).Take(Verdict.MaxPerQueue));

    private static IEnumerable<Violation> CheckQueue(Chronicle chronicle, CheckerOptions options, string queue)
    {
        var waits = chronicle.WaitsOf(queue, options.ReturnGrace);
        var unknown = chronicle.UnknownReadsOf(queue, options.ReturnGrace);
        var waitedFrom = waits
            .Where(static wait => wait.Before is not null)
            .ToDictionary(static wait => wait.Before!, static wait => wait.Start);
        var reads = chronicle.Copies
            .Where(copy => copy.Queue == queue)
            .SelectMany(copy => copy.Deliveries.Select(delivery =>
                new Handout(copy, delivery, waitedFrom.GetValueOrDefault(delivery, Operation.Never))))
            .ToArray();

        foreach (var handout in Sweep(waits, reads, static w => w.Copy.StoredBy, static h => h.Copy.Set.Invoke))
        {
            if (Judge(queue, waits, unknown, handout, IsBehindInTime) is { } violation)
            {
                yield return violation;
            }
        }

        // A reader without an answer may have had the one while the other was handed out first.
        var seen = waits
            .Where(wait => wait.IsReturn && !unknown.Exists(u => MayHaveIntervened(u, wait.After!)))
            .ToList();
        foreach (var handout in Sweep(seen, reads, static w => -w.After!.Invoke, static h => -h.WaitedFrom))
        {
            if (Judge(queue, seen, unknown, handout, IsBehindAsSeen) is { } violation)
            {
                yield return violation;
            }
        }

        foreach (var session in reads.GroupBy(static handout => handout.Copy.Set.Session))
        {
            var own = waits.Where(wait => wait.Copy.Set.Session == session.Key).ToList();
            var suspects = Sweep(own, [.. session], static w => w.Copy.Set.Index, static h => h.Copy.Set.Index);
            foreach (var handout in suspects)
            {
                if (Judge(queue, own, unknown, handout, IsBehindInSession) is { } violation)
                {
                    yield return violation;
                }
            }
        }
    }

    private static bool IsBehindInTime(Waiting front, Handout handout)
        => front.Copy.StoredBy < handout.Copy.Set.Invoke;

    private static bool IsBehindInSession(Waiting front, Handout handout)
        => front.Copy.Set.Index < handout.Copy.Set.Index;

    private static bool IsBehindAsSeen(Waiting front, Handout handout)
        => handout.WaitedFrom < front.After!.Invoke && front.Copy != handout.Copy;

    private static bool MayHaveIntervened(UnknownRead unknown, Delivery delivery)
        => unknown.Read.Invoke < delivery.Return && unknown.Until > delivery.Invoke;

    private static Violation? Judge(
        string queue,
        List<Waiting> waits,
        List<UnknownRead> unknown,
        Handout handout,
        Func<Waiting, Handout, bool> isBehind)
    {
        var overtaken = waits
            .Where(wait => wait.Start < handout.Start && wait.End > handout.End && isBehind(wait, handout))
            .ToList();
        if (Excuses.Cover(overtaken, unknown, handout.Start, handout.End))
        {
            return null;
        }

        var front = overtaken.FirstOrDefault(static wait => wait.IsReturn, overtaken[0]);
        var text = $"{front.Copy.Id} waited when {handout.Copy.Id}, which is behind it, was handed out to "
            + $"{handout.Delivery.Read.Session.Client}; {overtaken.Count} items overtaken";
        return new Violation(front.IsReturn ? Rule.OriginalPlace : Rule.Fifo, queue, front.Copy.Id, text);
    }

    /// <summary>Finds the handouts that lie inside some wait of a smaller key.</summary>
    private static List<Handout> Sweep(
        List<Waiting> waits, Handout[] handouts, Func<Waiting, long> keyOf, Func<Handout, long> limitOf)
    {
        var keys = waits.Select(keyOf).Distinct().Order().ToArray();
        var byStart = waits.OrderBy(static wait => wait.Start).ToArray();
        var latestEnds = new PrefixMaximum(keys.Length);
        var suspects = new List<Handout>();
        var next = 0;
        foreach (var handout in handouts.OrderBy(static handout => handout.Start))
        {
            for (; next < byStart.Length && byStart[next].Start < handout.Start; next++)
            {
                latestEnds.Raise(Array.BinarySearch(keys, keyOf(byStart[next])), byStart[next].End);
            }

            var rank = Array.BinarySearch(keys, limitOf(handout));
            if (latestEnds.Below(rank < 0 ? ~rank : rank) > handout.End)
            {
                suspects.Add(handout);
            }
        }

        return suspects;
    }

    /// <summary>A delivery, from the first moment at which it can have happened.</summary>
    /// <param name="Copy">What was handed out.</param>
    /// <param name="Delivery">To whom.</param>
    /// <param name="WaitedFrom">Since when it had certainly waited for that.</param>
    private readonly record struct Handout(Copy Copy, Delivery Delivery, long WaitedFrom)
    {
        public long Start => Math.Max(Delivery.Invoke, Copy.Set.Invoke);

        public long End => Delivery.Return;
    }

    /// <summary>A Fenwick tree of maxima.</summary>
    private sealed class PrefixMaximum(int count)
    {
        private readonly long[] _tree = [.. Enumerable.Repeat(long.MinValue, count + 1)];

        public void Raise(int index, long value)
        {
            for (var i = index + 1; i < _tree.Length; i += i & -i)
            {
                _tree[i] = Math.Max(_tree[i], value);
            }
        }

        /// <summary>The maximum over all indexes below.</summary>
        public long Below(int index)
        {
            var maximum = long.MinValue;
            for (var i = index; i > 0; i -= i & -i)
            {
                maximum = Math.Max(maximum, _tree[i]);
            }

            return maximum;
        }
    }
}
