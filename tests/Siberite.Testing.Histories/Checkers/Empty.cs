namespace Siberite.Testing.Histories.Checkers;

/// <summary>Empty is empty: <c>END</c> is wrong while an item waits from before the get to after its reply.</summary>
/// <remarks>A get that was told to wait says what it saw at its deadline, so it is judged from there on.</remarks>
internal static class Empty
{
    public static IEnumerable<Violation> Check(Chronicle chronicle, CheckerOptions options)
        => chronicle.Queues.SelectMany(queue => CheckQueue(chronicle, options, queue).Take(Verdict.MaxPerQueue));

    private static IEnumerable<Violation> CheckQueue(Chronicle chronicle, CheckerOptions options, string queue)
    {
        var waits = chronicle.WaitsOf(queue, options.ReturnGrace).OrderBy(static wait => wait.Start).ToArray();
        var unknown = chronicle.UnknownReadsOf(queue, options.ReturnGrace);
        var ends = chronicle.Operations
            .Where(o => o.IsRead && o.Outcome == Outcome.Ok && o.Item is null && o.Queue == queue)
            .Select(o => (Read: o, Start: StartOf(o, options)))
            .OrderBy(static end => end.Start);

        var next = 0;
        var latestEnd = long.MinValue;
        foreach (var (read, start) in ends)
        {
            for (; next < waits.Length && waits[next].Start < start; next++)
            {
                latestEnd = Math.Max(latestEnd, waits[next].End);
            }

            if (latestEnd <= read.Return)
            {
                continue;
            }

            var waiting = waits[..next].Where(wait => wait.End > read.Return).ToList();
            if (!Excuses.Cover(waiting, unknown, start, read.Return))
            {
                var text = $"{read.Session.Client} was told END while {waiting.Count} items waited, "
                    + $"{waiting[0].Copy.Id} among them";
                yield return new Violation(Rule.EmptyIsEmpty, queue, waiting[0].Copy.Id, text);
            }
        }
    }

    private static long StartOf(Operation read, CheckerOptions options)
    {
        var deadline = read.Invoke + read.Wait - options.TimerSlack;
        return read.Wait > 0 && deadline > read.Invoke && deadline < read.Return ? deadline : read.Invoke;
    }
}
