using System.Diagnostics;
using Siberite.Testing.Clusters;

namespace Siberite.Truth.Tests;

/// <summary>Silos that are killed, paused and restarted under load, and a database that is away.</summary>
[Trait("Category", "Slow")]
public sealed class SiloFaultTests(LoopbackCluster fixture, ITestOutputHelper output) : IClassFixture<LoopbackCluster>
{
    private readonly TruthCluster _cluster = fixture.Cluster;

    public static TheoryData<int> StopSeconds => new(Campaign.Current.StopSeconds);

    /// <remarks>
    /// Goal: a crash of any silo loses nothing that was acknowledged, and nobody else serves its queues meanwhile.
    /// Method: SIGKILL each silo in turn under load through the balancer; start it again after a while.
    /// </remarks>
    [Fact]
    public Task Each_silo_is_killed_in_turn_and_returns()
    {
        var scenario = new Scenario(_cluster, output, "kill");
        return scenario.PlayAsync(nameof(Each_silo_is_killed_in_turn_and_returns), async run =>
        {
            for (var i = 0; i < 3 * Campaign.Current.KillRounds; i++)
            {
                var silo = _cluster.Silos[i % 3];
                var disturbance = run.Disturb($"{silo.Name} killed", silo);
                await _cluster.KillAsync(silo);
                var absence = run.BeginAbsence(silo);
                await TruthRun.PassAsync(Campaign.Current.Absence);
                run.EndAbsence(absence);
                var watch = Stopwatch.StartNew();
                await _cluster.StartAsync(silo);
                var ready = watch.Elapsed;
                await run.HealAsync();
                scenario.Note(
                    run, disturbance, $"SIGKILL, restarted after {Campaign.Current.Absence.TotalSeconds:0} s",
                    $"ready {ready.TotalSeconds:f1} s after its start");
                await TruthRun.PassAsync(Campaign.Current.Calm);
            }
        });
    }

    /// <remarks>
    /// Goal: a silo that hangs and goes on, a zombie if it was declared dead meanwhile, loses nothing it ever
    /// acknowledged, and its queues are served by nobody else.
    /// Method: SIGSTOP and SIGCONT; a third of the clients are connected to that very silo. One that was declared dead
    /// must end itself, and is started again as its service would.
    /// </remarks>
    [Theory]
    [MemberData(nameof(StopSeconds))]
    public Task A_silo_is_paused_and_goes_on(int seconds)
    {
        var scenario = new Scenario(_cluster, output, "stop");
        var silo = _cluster.Silos[1];
        return scenario.PlayAsync(nameof(A_silo_is_paused_and_goes_on), async run =>
        {
            var before = silo.Process.Id;
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _cluster.Ended += OnEnded;
            var disturbance = run.Disturb($"{silo.Name} paused", silo);
            await silo.PauseAsync();
            var absence = run.BeginAbsence(silo);
            await TruthRun.PassAsync(TimeSpan.FromSeconds(seconds));
            run.EndAbsence(absence);
            await silo.ResumeAsync();
            var watch = Stopwatch.StartNew();
            _ = ended.Task.ContinueWith(_ => watch.Stop(), TaskScheduler.Default);
            await run.HealAsync();
            _cluster.Ended -= OnEnded;
            var remark = silo.Process.Id == before
                ? "went on serving"
                : $"declared dead; ended itself {watch.Elapsed.TotalSeconds:f1} s after SIGCONT, and came back";
            scenario.Note(run, disturbance, $"SIGSTOP {seconds} s, SIGCONT", remark);

            void OnEnded(ClusterSilo one)
            {
                if (one == silo)
                {
                    ended.TrySetResult();
                }
            }
        }, focus: silo);
    }

    /// <remarks>
    /// Goal: silos that run do not need the database: no client that uses queues which are there hears of its death.
    /// Method: SIGKILL PostgreSQL under load, and start it again. A new queue cannot be made meanwhile, and can
    /// afterwards.
    /// </remarks>
    [Fact]
    public Task The_database_is_killed_and_returns()
    {
        var scenario = new Scenario(_cluster, output, "database");
        return scenario.PlayAsync(nameof(The_database_is_killed_and_returns), async run =>
        {
            var disturbance = run.Disturb("PostgreSQL killed");
            await _cluster.Database.KillAsync();
            await TruthRun.PassAsync(Campaign.Current.DatabaseAbsence);
            var refusal = await MakeQueueAsync($"late-{run.Seed}");
            await _cluster.Database.StartAsync();
            await TruthRun.PassAsync(Campaign.Current.Calm);
            string stored;
            do
            {
                stored = await MakeQueueAsync($"late-{run.Seed}");
            }
            while (stored == refusal);

            Assert.Equal("SERVER_ERROR queue directory unavailable", refusal);
            Assert.Equal("STORED", stored);
            await run.HealAsync();
            scenario.Note(
                run, disturbance,
                $"PostgreSQL SIGKILL, restarted after {Campaign.Current.DatabaseAbsence.TotalSeconds:0} s",
                $"new queues meanwhile: `{refusal}`");
        });
    }

    /// <remarks>
    /// Goal: an upgrade loses nothing, and disturbs only who is connected to the silo that stops, or asks for its
    /// queues.
    /// Method: SIGTERM each silo in turn under load, and start it again.
    /// </remarks>
    [Fact]
    public Task All_silos_are_restarted_one_after_the_other()
    {
        var scenario = new Scenario(_cluster, output, "rolling");
        return scenario.PlayAsync(nameof(All_silos_are_restarted_one_after_the_other), async run =>
        {
            foreach (var silo in _cluster.Silos.Silos.Take(3))
            {
                var disturbance = run.Disturb($"{silo.Name} restarted", silo);
                var watch = Stopwatch.StartNew();
                Assert.Equal(0, await _cluster.StopAsync(silo));
                var stopped = watch.Elapsed;
                await _cluster.StartAsync(silo);
                await run.HealAsync();
                scenario.Note(
                    run, disturbance, "rolling restart (SIGTERM)", $"stopped after {stopped.TotalSeconds:f1} s");
            }
        });
    }

    private async Task<string> MakeQueueAsync(string name)
    {
        await using var client = await _cluster.ConnectAsync(silo: null, TestContext.Current.CancellationToken);
        return await client.Wire.SetAsync(name, 0, "new"u8.ToArray(), TestContext.Current.CancellationToken);
    }
}
