using Siberite.Testing.Histories.Checkers;
using Siberite.Testing.Histories.Workload;

namespace Siberite.Crash.Tests.Faults;

/// <summary>One data directory, one history, and a server that is killed again and again under the usual
/// workload.</summary>
internal sealed class CrashRun(ServedWorkload served, int seed)
{
    /// <summary>One kill in so many comes before the server serves.</summary>
    private const int RecoveryKillEvery = 10;

    private readonly Random _random = new(seed);

    public static WorkloadPlan Plan { get; } = new() { Pace = TimeSpan.FromMilliseconds(10) };

    public int RecoveryKills { get; private set; }

    public async Task<Verdict> PlayAsync(int kills)
    {
        await served.ServeAsync();
        served.Run.Start();
        for (var kill = 1; kill <= kills; kill++)
        {
            await UntilTheKillAsync();
            served.Shut();
            await served.KillAsync();
            if (kill < kills && _random.Next(RecoveryKillEvery - 1) == 0)
            {
                kill++;
                RecoveryKills++;
                served.Launch();
                await UntilTheKillInRecoveryAsync();
                await served.KillAsync();
            }

            await served.ServeAsync();
        }

        await served.FinishAsync();

        // Nothing that is closed may come back when everything is.
        served.Shut();
        await served.KillAsync();
        await served.ServeAsync();
        await served.Run.DrainAsync(TimeSpan.Zero);
        Assert.Equal(0, await served.Server.StopAsync());
        return served.Judge();
    }

    private async Task UntilTheKillAsync()
    {
        var delay = Task.Delay(_random.Next(200, 2_000));
        if (await Task.WhenAny(delay, served.Server.WaitForExitAsync()) != delay)
        {
            throw new InvalidOperationException("The server ended by itself.");
        }
    }

    private Task UntilTheKillInRecoveryAsync() => Task.Delay(_random.Next(0, 900));
}
