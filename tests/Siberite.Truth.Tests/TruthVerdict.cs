using System.Diagnostics;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Truth.Tests;

/// <summary>All that is wrong with a history of a cluster.</summary>
internal sealed class TruthVerdict(Verdict verdict, IReadOnlyList<string> complaints)
{
    private const int Shown = 10;

    public bool IsClean => verdict.IsClean && complaints.Count == 0;

    public static TruthVerdict Of(Chronicle chronicle, TruthRun run)
    {
        // A loose queue is told of its items a moment after they are there, and a get that waits looks again.
        var options = new CheckerOptions
        {
            LazyWindow = Ledger.TicksOf(TimeSpan.FromSeconds(1)),
            TimerSlack = Ledger.TicksOf(TimeSpan.FromSeconds(1)),
        };
        return new TruthVerdict(
            Verdict.Of(chronicle, options), [.. ServedElsewhere(chronicle, run), .. NeedlessErrors(chronicle)]);
    }

    public override string ToString()
        => string.Join(
            '\n', complaints.Take(Shown).Append($"{complaints.Count} complaints").Append(verdict.ToString()));

    /// <summary>Nobody but its home serves a strict queue: while that does nothing, nothing is done.</summary>
    private static IEnumerable<string> ServedElsewhere(Chronicle chronicle, TruthRun run)
    {
        foreach (var absence in run.Absences)
        {
            foreach (var operation in chronicle.Operations.Where(o => o.Outcome == Outcome.Ok))
            {
                if (operation.Invoke > absence.Start && operation.Return < absence.End
                    && operation.Queues.Any(queue => IsOnlyAt(run, queue, absence.Silo))
                    && !IsOfItself(operation, absence))
                {
                    yield return $"{Describe(operation, chronicle)} while its home {absence.Silo} did nothing";
                }
            }

            foreach (var probe in run.Probes.Where(probe => IsOnlyAt(run, probe.Queue, absence.Silo)))
            {
                foreach (var look in probe.Looks.Where(look => look.IsServed && !absence.IsReachable
                    && look.Invoke > absence.Start && look.Return < absence.End))
                {
                    yield return $"{probe.Queue} could be looked at while its home {absence.Silo} did nothing";
                }
            }
        }
    }

    private static bool IsOfItself(Operation operation, Absence absence)
        => absence.IsReachable && (operation.Session.Gateway is not { } gateway || gateway == absence.Silo);

    private static bool IsOnlyAt(TruthRun run, string queue, string silo)
        => run.HomesOf(queue) is { Count: 1 } homes && homes.Contains(silo);

    /// <summary>What has nothing to do with a fault does not fail. A get of a loose queue has to do with all
    /// silos.</summary>
    private static IEnumerable<string> NeedlessErrors(Chronicle chronicle)
        => from operation in chronicle.Operations
           where operation.Outcome is Outcome.Refused or Outcome.Unknown
           let isOfAll = operation.IsRead && LooseShards.SiloOf(operation.Queue) is not null
           where !(isOfAll ? chronicle.Disturbances.IsDisturbed(operation) : chronicle.Disturbances.MayFail(operation))
           select $"{Describe(operation, chronicle)} failed for no reason";

    private static string Describe(Operation operation, Chronicle chronicle)
    {
        var start = chronicle.Operations[0].Invoke;
        return $"{At(operation.Invoke, start)} .. {At(operation.Return, start)} {operation.Act} {operation.Queue} "
            + $"{operation.Item} {operation.Outcome} '{operation.Note}' by {operation.Session.Client} on "
            + (operation.Session.Gateway ?? "some silo");
    }

    private static string At(long moment, long start)
        => moment == Operation.Never ? "never" : $"{Stopwatch.GetElapsedTime(start, moment).TotalSeconds:f3}s";
}
