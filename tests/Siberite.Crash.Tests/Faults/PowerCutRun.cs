using Siberite.Crash.Tests.Checkers;
using Siberite.Crash.Tests.History;
using Siberite.Crash.Tests.Workload;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Faults;

/// <summary>A server on a disk that loses its power again and again under the usual workload.</summary>
internal sealed class PowerCutRun(LoopDisk disk, string durability, int seed) : IAsyncDisposable
{
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private static readonly WorkloadPlan Plan = new()
    {
        Pace = TimeSpan.FromMilliseconds(10),
        MaxItemBytes = 65_536,
        MaxBacklog = 1_000,
    };

    private readonly Ledger _ledger = new();
    private readonly Gate _gate = new();
    private readonly Random _random = new(seed);
    private ServerProcess? _server;

    public string Summary
    {
        get
        {
            var (stored, finished) = _ledger.Progress;
            return $"{_ledger.OperationCount} commands, {stored} copies stored, {finished} read, "
                + $"{NoticedCuts} cuts noticed by the server itself";
        }
    }

    /// <summary>Cuts after which the server was left alone and ended with an error, as it must.</summary>
    public int NoticedCuts { get; private set; }

    public string ServerOutput => _server is null ? "" : string.Join('\n', _server.Output.Split('\n').TakeLast(30));

    public async Task<Verdict> PlayAsync(int cuts)
    {
        using var run = new WorkloadRun(_ledger, _gate, Plan, seed);
        await ServeAsync();
        run.Start();
        for (var cut = 1; cut <= cuts; cut++)
        {
            await Task.WhenAny(UntilTheCutAsync(), _server!.WaitForExitAsync());
            await CutAsync(isNoticed: _random.Next(3) == 0);
            await disk.RemountAsync();
            await ServeAsync();
        }

        await run.StopAsync();
        await run.DrainAsync(Settling);
        return Verdict.Of(_ledger.Close(isDrained: true), new CheckerOptions());
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task ServeAsync()
    {
        _server = await ServerProcess.StartAsync(disk.DataDirectory, "-durability", durability);
        _ledger.Served();
        var endPoint = _server.EndPoint;
        _gate.Open(_ledger.CrashCount, cancellation => WireClient.ConnectAsync(endPoint, cancellation));
    }

    /// <param name="isNoticed">Whether the server lives on to see that its disk is gone; otherwise it goes with it.</param>
    private async Task CutAsync(bool isNoticed)
    {
        var crash = _ledger.BeginCrash(CrashKind.PowerCut);
        disk.CutPower();
        if (isNoticed)
        {
            Assert.NotEqual(0, await _server!.WaitForExitAsync());
            NoticedCuts++;
        }
        else
        {
            await _server!.KillAsync();
        }

        _gate.Shut();
        _ledger.ReturnCrash(crash);
        await _server.DisposeAsync();
    }

    private Task UntilTheCutAsync() => Task.Delay(_random.Next(200, 2_000));
}
