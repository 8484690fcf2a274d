using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;
using Siberite.Testing.Histories.Workload;

namespace Siberite.Crash.Tests.Fake;

/// <summary>The usual workload against the fake server, with crashes, a drain, one more crash and one more
/// drain.</summary>
internal static class FakeRun
{
    private const int Crashes = 3;
    private const int OperationsBetweenCrashes = 500;
    private const int OperationsInDoom = 400;

    private static readonly WorkloadPlan Plan = new()
    {
        ItemsPerProducer = 250,
        MaxItemBytes = 8_192,
        MaxBacklog = 150,
        DeepBacklog = 40,
        MaxWaitMilliseconds = 4,
        PlainShare = 0.15,
    };

    /// <summary>The fake gives back before it closes, and writes lazily until the next write, however late.</summary>
    private static readonly CheckerOptions Options = new()
    {
        ReturnGrace = 0,
        TimerSlack = 0,
        LazyWindow = Ledger.TicksOf(TimeSpan.FromMilliseconds(50)),
    };

    public static async Task<(Verdict Verdict, bool HasStruck)> PlayAsync(Mutation mutation, CrashKind kind, int seed)
    {
        var ledger = new Ledger();
        var gate = new Gate(Refusals.Standalone);
        var server = new FakeServer(mutation);
        using var run = new WorkloadRun(ledger, gate, Plan, seed);

        server.Start();
        gate.Open(life: 0, server.ConnectAsync);
        run.Start();
        for (var life = 1; life <= Crashes; life++)
        {
            await Task.WhenAny(run.Producers, ledger.WhenReachedAsync(life * OperationsBetweenCrashes));
            await CrashAsync(ledger, gate, server, kind, life);
        }

        await run.Producers;
        await run.StopAsync();
        await run.DrainAsync(TimeSpan.FromMilliseconds(1));
        await CrashAsync(ledger, gate, server, kind, Crashes + 1);
        await run.DrainAsync(TimeSpan.Zero);
        return (Verdict.Of(ledger.Close(isDrained: true), Options), server.Strikes.Struck.IsCompleted);
    }

    private static async Task CrashAsync(Ledger ledger, Gate gate, FakeServer server, CrashKind kind, int life)
    {
        server.Strikes.IsDoomed = true;
        if (life <= Crashes && server.Strikes.Has(Mutation.MultiSetTorn))
        {
            var limit = ledger.WhenReachedAsync(ledger.OperationCount + OperationsInDoom);
            await Task.WhenAny(server.Strikes.Struck, limit);
        }

        gate.Shut();
        var crash = ledger.BeginCrash(kind);
        server.Crash(isPowerCut: kind == CrashKind.PowerCut);
        ledger.ReturnCrash(crash);
        server.Strikes.IsDoomed = false;
        server.Start();
        ledger.Served();
        gate.Open(life, server.ConnectAsync);
    }
}
