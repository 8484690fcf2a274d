using Siberite.Crash.Tests.Checkers;
using Siberite.Crash.Tests.History;
using Siberite.Crash.Tests.Workload;

namespace Siberite.Crash.Tests.Faults;

/// <summary>A server on a disk that loses its power again and again under the usual workload.</summary>
internal sealed class PowerCutRun(ServedWorkload served, LoopDisk disk, int seed)
{
    private readonly Random _random = new(seed);

    public static WorkloadPlan Plan { get; } = new()
    {
        Pace = TimeSpan.FromMilliseconds(10),
        MaxItemBytes = 65_536,
        MaxBacklog = 1_000,
    };

    /// <summary>Whether one in three servers lives on to see that its disk is gone. Not in the control run, which is
    /// about the cuts and not about the server.</summary>
    public required bool LetsServersNotice { get; init; }

    /// <summary>Cuts after which the server was left alone and ended with an error, as it must.</summary>
    public int NoticedCuts { get; private set; }

    public async Task<Verdict> PlayAsync(int cuts)
    {
        await served.ServeAsync();
        served.Run.Start();
        for (var cut = 1; cut <= cuts; cut++)
        {
            await UntilTheCutAsync();
            await CutAsync(isNoticed: LetsServersNotice && _random.Next(3) == 0);
            await disk.RemountAsync();
            await served.ServeAsync();
        }

        return await served.FinishAsync();
    }

    /// <param name="isNoticed">Whether the server lives on to see that its disk is gone; otherwise it goes with
    /// it.</param>
    private async Task CutAsync(bool isNoticed)
    {
        var crash = served.Ledger.BeginCrash(CrashKind.PowerCut);
        disk.CutPower();
        if (isNoticed)
        {
            Assert.NotEqual(0, await served.Server.WaitForExitAsync());
            NoticedCuts++;
        }
        else
        {
            await served.Server.KillAsync();
        }

        served.Shut();
        await served.EndAsync(crash);
    }

    private Task UntilTheCutAsync() => Task.Delay(_random.Next(200, 2_000));
}
