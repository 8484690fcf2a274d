namespace Siberite.Testing.Histories.Checkers;

/// <summary>Closed is closed, bounded duplicates, exclusive open: when an item may be handed out once more.</summary>
internal static class Repeated
{
    public static IEnumerable<Violation> Check(Chronicle chronicle, CheckerOptions options)
    {
        var barriers = DurableBarriers(chronicle);
        foreach (var copy in chronicle.Copies.Where(static copy => copy.Deliveries.Count > 1))
        {
            foreach (var violation in CheckFinals(chronicle, options, barriers, copy))
            {
                yield return violation;
            }

            for (var i = 1; i < copy.Deliveries.Count; i++)
            {
                foreach (var violation in CheckHolds(copy, i))
                {
                    yield return violation;
                }
            }
        }
    }

    /// <summary>For each crash, when the last set was sent that this crash could not undo: all earlier writes are on
    /// disk too.</summary>
    private static long[] DurableBarriers(Chronicle chronicle)
    {
        var barriers = new long[chronicle.Crashes.Length];
        foreach (var set in chronicle.Operations.Where(static o => o is { Act: Act.Set, Outcome: Outcome.Ok }))
        {
            if (set.Session.Life < barriers.Length)
            {
                barriers[set.Session.Life] = Math.Max(barriers[set.Session.Life], set.Invoke);
            }
        }

        return barriers;
    }

    private static IEnumerable<Violation> CheckFinals(
        Chronicle chronicle, CheckerOptions options, long[] barriers, Copy copy)
    {
        var finals = 0;
        foreach (var delivery in copy.Deliveries)
        {
            if (!IsFinal(delivery) || MayBeForgotten(chronicle, options, barriers, delivery))
            {
                continue;
            }

            finals++;
            var done = delivery.Finish?.Return ?? delivery.Return;
            var late = copy.Deliveries.FirstOrDefault(other => other != delivery && other.Invoke > done);
            if (late is not null)
            {
                var text = $"{copy.Id} was {delivery.End} and afterwards handed out to {late.Read.Session.Client}";
                yield return new Violation(Rule.ClosedIsClosed, copy.Queue, copy.Id, text);
            }
        }

        if (finals > 1)
        {
            var text = $"{copy.Id} was read for good {finals} times";
            yield return new Violation(Rule.BoundedDuplicates, copy.Queue, copy.Id, text);
        }
    }

    private static bool IsFinal(Delivery delivery) => delivery.End is DeliveryEnd.Closed or DeliveryEnd.Taken;

    /// <summary>Whether a crash may have made the server forget that the item is gone.</summary>
    private static bool MayBeForgotten(
        Chronicle chronicle, CheckerOptions options, long[] barriers, Delivery delivery)
    {
        if (delivery.End == DeliveryEnd.Taken
            && chronicle.Disturbances.MayLoseWord(delivery.Read, options.LazyWindow))
        {
            return true;
        }

        var life = delivery.Read.Session.Life;
        if (life >= chronicle.Crashes.Length)
        {
            return false;
        }

        var crash = chronicle.Crashes[life];
        var written = delivery.End == DeliveryEnd.Taken
            ? delivery.Return + options.LazyWindow
            : delivery.Finish!.Return;
        return crash.Kind == CrashKind.PowerCut
            ? written >= barriers[life]
            : delivery.End == DeliveryEnd.Taken && written >= crash.Invoke;
    }

    private static IEnumerable<Violation> CheckHolds(Copy copy, int index)
    {
        var later = copy.Deliveries[index];
        for (var i = 0; i < index; i++)
        {
            var earlier = copy.Deliveries[i];
            if (earlier.End != DeliveryEnd.Taken && IsHeld(later) && later.Return < earlier.HeldUntil)
            {
                var text = $"{copy.Id} was held by {earlier.Read.Session.Client} when "
                    + $"{later.Read.Session.Client} was given it";
                yield return new Violation(Rule.ExclusiveOpen, copy.Queue, copy.Id, text);
            }
        }
    }

    /// <summary>Whether the reader still had the item when it read the reply.</summary>
    private static bool IsHeld(Delivery delivery) => delivery.HeldUntil > delivery.Return;
}
