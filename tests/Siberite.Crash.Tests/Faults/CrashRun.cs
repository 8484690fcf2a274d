using Siberite.Crash.Tests.Checkers;
using Siberite.Crash.Tests.History;
using Siberite.Crash.Tests.Workload;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Faults;

/// <summary>One data directory, one history, and a server that is killed again and again under the usual workload.</summary>
internal sealed class CrashRun(string dataDirectory, string[] arguments, int seed) : IAsyncDisposable
{
    /// <summary>One kill in so many comes before the server serves.</summary>
    private const int RecoveryKillEvery = 10;

    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private static readonly WorkloadPlan Plan = new() { Pace = TimeSpan.FromMilliseconds(10) };

    private readonly Ledger _ledger = new();
    private readonly Gate _gate = new();
    private readonly Random _random = new(seed);
    private ServerProcess? _server;

    /// <summary>The longest time from a launch to the first answer.</summary>
    public TimeSpan SlowestStart { get; private set; }

    public int RecoveryKills { get; private set; }

    /// <summary>What clients did, in numbers.</summary>
    public string Summary
    {
        get
        {
            var (stored, finished) = _ledger.Progress;
            return $"{_ledger.OperationCount} commands, {stored} copies stored, {finished} read";
        }
    }

    /// <summary>The last words of the server.</summary>
    public string ServerOutput => _server is null ? "" : string.Join('\n', _server.Output.Split('\n').TakeLast(30));

    public async Task<Verdict> PlayAsync(int kills)
    {
        using var run = new WorkloadRun(_ledger, _gate, Plan, seed);
        await ServeAsync();
        run.Start();
        for (var kill = 1; kill <= kills; kill++)
        {
            await UntilTheKillAsync();
            await KillAsync();
            if (kill < kills && _random.Next(RecoveryKillEvery - 1) == 0)
            {
                kill++;
                RecoveryKills++;
                await KillInRecoveryAsync();
            }

            await ServeAsync();
        }

        await run.StopAsync();
        await run.DrainAsync(Settling);
        await KillAsync();
        await ServeAsync();
        await run.DrainAsync(TimeSpan.Zero);
        Assert.Equal(0, await _server!.StopAsync());
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
        var start = TimeProvider.System.GetTimestamp();
        _server = ServerProcess.Launch(dataDirectory, arguments);
        await _server.WaitUntilServingAsync();
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        SlowestStart = elapsed > SlowestStart ? elapsed : SlowestStart;
        _ledger.Served();
        var endPoint = _server.EndPoint;
        _gate.Open(_ledger.CrashCount, cancellation => WireClient.ConnectAsync(endPoint, cancellation));
    }

    private async Task KillAsync()
    {
        _gate.Shut();
        var crash = _ledger.BeginCrash(CrashKind.Kill);
        await _server!.KillAsync();
        _ledger.ReturnCrash(crash);
        await _server.DisposeAsync();
    }

    private async Task KillInRecoveryAsync()
    {
        _server = ServerProcess.Launch(dataDirectory, arguments);
        await Task.Delay(_random.Next(0, 900));
        var crash = _ledger.BeginCrash(CrashKind.Kill);
        await _server.KillAsync();
        _ledger.ReturnCrash(crash);
        await _server.DisposeAsync();
    }

    private async Task UntilTheKillAsync()
    {
        var delay = Task.Delay(_random.Next(200, 2_000));
        if (await Task.WhenAny(delay, _server!.WaitForExitAsync()) != delay)
        {
            throw new InvalidOperationException("The server ended by itself:\n" + ServerOutput);
        }
    }
}
