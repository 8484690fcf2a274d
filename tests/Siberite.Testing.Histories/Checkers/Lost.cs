namespace Siberite.Testing.Histories.Checkers;

/// <summary>No loss: after a full drain every acknowledged copy has been read for good. Fanout: a set into several
/// queues whose outcome nobody knows is in all of them or in none.</summary>
/// <remarks>A plain get without a reply may have taken one item with it: so many are excused, per queue.</remarks>
internal static class Lost
{
    public static IEnumerable<Violation> Check(Chronicle chronicle)
    {
        if (!chronicle.IsDrained)
        {
            yield break;
        }

        var excuses = chronicle.Operations
            .Where(static o => o is { Act: Act.Take, Outcome: Outcome.Unknown })
            .CountBy(static o => o.Queue)
            .ToDictionary();
        foreach (var missing in chronicle.Copies.Where(IsMissing).GroupBy(static copy => copy.Queue))
        {
            var excused = excuses.GetValueOrDefault(missing.Key);
            if (missing.Count() <= excused)
            {
                excuses[missing.Key] = excused - missing.Count();
                continue;
            }

            foreach (var copy in missing)
            {
                var text = $"{copy.Id} ({copy.Set.SizeBytes} bytes) was acknowledged and never read for good; "
                    + $"{missing.Count()} such items, {excused} excused";
                yield return new Violation(Rule.NoLoss, missing.Key, copy.Id, text);
            }
        }

        foreach (var violation in TornSets(chronicle, excuses))
        {
            yield return violation;
        }
    }

    private static bool IsMissing(Copy copy) => copy.Set.Outcome == Outcome.Ok && !copy.IsFinished;

    private static IEnumerable<Violation> TornSets(Chronicle chronicle, Dictionary<string, int> excuses)
    {
        foreach (var set in chronicle.Operations.Where(static o => o is { Act: Act.Set, Outcome: Outcome.Unknown }))
        {
            var copies = set.Queues.Select(queue => chronicle.CopyOf(queue, set.Item!.Value)!).ToArray();
            var absent = copies.Where(static copy => !copy.IsFinished).ToArray();
            if (absent.Length == 0 || absent.Length == copies.Length && copies.All(static c => c.Deliveries.Count == 0))
            {
                continue;
            }

            foreach (var copy in absent)
            {
                var excused = excuses.GetValueOrDefault(copy.Queue);
                excuses[copy.Queue] = excused - 1;
                if (excused <= 0)
                {
                    // It was seen, so it was stored, so it is owed.
                    var rule = copies.Length > 1 && copy.Deliveries.Count == 0 ? Rule.Fanout : Rule.NoLoss;
                    var text = $"{copy.Id} turned up in {set.Queue}, and in {copy.Queue} it never was read for good";
                    yield return new Violation(rule, copy.Queue, copy.Id, text);
                }
            }
        }
    }
}
