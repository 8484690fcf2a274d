using System.Diagnostics;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;
using Siberite.Truth.Tests.Observing;

namespace Siberite.Truth.Tests;

/// <summary>All that is wrong with a history of a cluster.</summary>
internal sealed class TruthVerdict(Verdict verdict, IReadOnlyList<string> complaints)
{
    private const int Shown = 10;

    public bool IsClean => verdict.IsClean && complaints.Count == 0;

    /// <summary>What only a cluster can do wrong.</summary>
    public IReadOnlyList<string> Complaints => complaints;

    public IReadOnlySet<Rule> BrokenRules => verdict.BrokenRules;

    /// <summary>All that happened, one operation a line.</summary>
    public IEnumerable<string> History => verdict.History;

    /// <summary>Judges.</summary>
    /// <param name="chronicle">What clients did and were told.</param>
    /// <param name="homesOf">The silos a strict queue has had as its homes.</param>
    /// <param name="absences">When silos did nothing.</param>
    /// <param name="probes">Who else looked at queues.</param>
    public static TruthVerdict Of(
        Chronicle chronicle, Func<string, IReadOnlyCollection<string>> homesOf, IReadOnlyList<Absence> absences,
        IReadOnlyList<Probe> probes)
    {
        // A loose queue is told of its items a moment after they are there, and a get that waits looks again.
        var options = new CheckerOptions
        {
            LazyWindow = Ledger.TicksOf(TimeSpan.FromSeconds(1)),
            TimerSlack = Ledger.TicksOf(TimeSpan.FromSeconds(1)),
        };
        return new TruthVerdict(
            Verdict.Of(chronicle, options),
            [
                .. absences.SelectMany(absence => ServedElsewhere(chronicle, homesOf, absence, probes)),
                .. NeedlessErrors(chronicle),
            ]);
    }

    public override string ToString()
        => string.Join(
            '\n', [.. complaints.Take(Shown), $"{complaints.Count} complaints", verdict.ToString()]);

    /// <summary>Nobody but its home serves a strict queue: while that does nothing, nothing is done.</summary>
    private static IEnumerable<string> ServedElsewhere(
        Chronicle chronicle, Func<string, IReadOnlyCollection<string>> homesOf, Absence absence,
        IReadOnlyList<Probe> probes)
    {
        foreach (var operation in chronicle.Operations.Where(o => o.Outcome == Outcome.Ok))
        {
            if (operation.Invoke > absence.Start && operation.Return < absence.End
                && operation.Queues.Any(IsOnlyThere) && !IsOfItself(operation, absence))
            {
                yield return $"{Describe(operation, chronicle)} while its home {absence.Silo} did nothing";
            }
        }

        foreach (var probe in probes.Where(probe => !absence.IsReachable && IsOnlyThere(probe.Queue)))
        {
            foreach (var look in probe.Looks.Where(look => look.IsServed
                && look.Invoke > absence.Start && look.Return < absence.End))
            {
                yield return $"{probe.Queue} could be looked at while its home {absence.Silo} did nothing";
            }
        }

        bool IsOnlyThere(string queue) => homesOf(queue) is { Count: 1 } homes && homes.Contains(absence.Silo);
    }

    private static bool IsOfItself(Operation operation, Absence absence)
        => absence.IsReachable && (operation.Session.Gateway is not { } gateway || gateway == absence.Silo);

    /// <summary>What has nothing to do with a fault does not fail. A get of a loose queue has to do with all
    /// silos.</summary>
    private static IEnumerable<string> NeedlessErrors(Chronicle chronicle)
        => from operation in chronicle.Operations
           where operation.Outcome is Outcome.Refused or Outcome.Unknown
           let isOfAll = operation.IsRead && LooseShards.SiloOf(operation.Queue) is not null
           where !(isOfAll ? chronicle.Disturbances.IsDisturbed(operation) : chronicle.Disturbances.MayFail(operation))
           where operation.Outcome == Outcome.Refused || !StandsBehindAnother(chronicle, operation)
           select $"{Describe(operation, chronicle)} failed for no reason";

    /// <summary>Whether its session, which is answered in order, was owed a reply by somebody who failed.</summary>
    private static bool StandsBehindAnother(Chronicle chronicle, Operation operation)
        => chronicle.Operations.Any(other => other.Session == operation.Session && other.Invoke < operation.Invoke
            && other.Return > operation.Invoke && chronicle.Disturbances.MayFail(other));

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
