using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;
using Siberite.Testing.Histories.Workload;

namespace Siberite.Crash.Tests.Faults;

/// <summary>A server on a disk that loses its power again and again under the usual workload.</summary>
internal sealed class PowerCutRun(ServedWorkload served, LoopDisk disk, int seed)
{
    /// <summary>Who writes to a server so that it can see that its disk is gone; the workload counts from 1.</summary>
    private const int Prober = 99;

    private readonly Random _random = new(seed);
    private int _probes;

    public static WorkloadPlan Plan { get; } = new()
    {
        Pace = TimeSpan.FromMilliseconds(10),
        MaxItemBytes = 65_536,
        MaxBacklog = 1_000,
    };

    /// <summary>Cuts after which the server was left alone and ended with an error, as it must.</summary>
    public int NoticedCuts { get; private set; }

    public async Task<Verdict> PlayAsync(int cuts)
    {
        await served.ServeAsync();
        served.Run.Start();
        for (var cut = 1; cut <= cuts; cut++)
        {
            await UntilTheCutAsync();
            await CutAsync(isNoticed: _random.Next(3) == 0);
            await disk.RemountAsync();
            await served.ServeAsync();
        }

        return await served.FinishAsync();
    }

    /// <param name="isNoticed">Whether the server, like one in three, lives on to see that its disk is gone; otherwise
    /// it goes with it.</param>
    private async Task CutAsync(bool isNoticed)
    {
        await using var probe = await served.BeginSessionAsync("probe", CancellationToken.None);
        var crash = served.Ledger.BeginCrash(CrashKind.PowerCut);
        disk.CutPower();
        if (isNoticed)
        {
            await WriteAsync(probe);
            Assert.NotEqual(0, await served.Server.WaitForExitAsync());
            NoticedCuts++;
        }
        else
        {
            await served.Server.KillAsync();
        }

        served.Shut();
        await served.EndAsync(crash);
        probe.Lose(new IOException("The server is gone."));
    }

    /// <remarks>Only who writes can see it, and the workload may not: its producers pause while too much is unread, and
    /// what an earlier cut took from them stays unread for ever.</remarks>
    private async Task WriteAsync(LoggedSession probe)
    {
        try
        {
            probe.WriteSet(Plan.Queues.First(), new ItemId(Prober, ++_probes), sizeBytes: 100);
            await probe.SendAsync(CancellationToken.None);
            await probe.ReadStoredAsync(CancellationToken.None);
        }
        catch (Exception e) when (Sessions.IsBroken(e))
        {
            probe.Lose(e); // Others had it notice before.
        }
    }

    private Task UntilTheCutAsync() => Task.Delay(_random.Next(200, 2_000));
}
