using Siberite.Truth.Tests.Network;

namespace Siberite.Truth.Tests;

/// <summary>Silos that cannot hear each other, or their database, although all of them run.</summary>
[Trait("Category", "Slow")]
public sealed class PartitionTests(DividedCluster fixture, ITestOutputHelper output) : IClassFixture<DividedCluster>
{
    private static double CutSeconds => Campaign.Current.Cut.TotalSeconds;

    /// <remarks>
    /// Goal: a silo in the minority goes on serving its own clients from its own disk, and nobody else serves its
    /// queues; nothing of either side is lost when they are one again.
    /// Method: silo 2 hears neither silo 1 nor silo 3, and they do not hear it; the database, the balancer and its own
    /// clients reach it. It is declared dead, ends itself and cannot join until it is healed.
    /// </remarks>
    [Fact]
    public Task A_silo_is_cut_off_from_the_others()
        => CutAsync(
            nameof(A_silo_is_cut_off_from_the_others), "cut off from the other silos",
            static (network, other) => network.CutAsync("silo2", other));

    /// <remarks>
    /// Goal: the same when only one direction is lost: what a silo is told may be done although it cannot say so.
    /// Method: silo 2 hears the others, and they do not hear it.
    /// </remarks>
    [Fact]
    public Task A_silo_is_not_heard_by_the_others()
        => CutAsync(
            nameof(A_silo_is_not_heard_by_the_others), "heard by none of the other silos, hears them",
            static (network, other) => network.CutOneWayAsync("silo2", other));

    /// <remarks>
    /// Goal: a silo that cannot reach the database serves on, and no client hears of it.
    /// Method: cut silo 2 off from PostgreSQL alone.
    /// </remarks>
    [Fact]
    public Task A_silo_is_cut_off_from_the_database()
    {
        var cluster = fixture.ClusterOrSkip;
        var scenario = new Scenario(cluster, output, "cut off from the database");
        var silo = cluster.Silos[1];
        return scenario.PlayAsync(nameof(A_silo_is_cut_off_from_the_database), async run =>
        {
            var before = silo.Process.Id;
            var disturbance = run.Disturb("cut off from the database");
            await fixture.Network.CutAsync("silo2", "db");
            await TruthRun.PassAsync(Campaign.Current.Cut);
            await fixture.Network.HealAsync();
            await run.HealAsync();
            Assert.Equal(before, silo.Process.Id);
            scenario.Note(run, disturbance, $"silo cut off from PostgreSQL only, {CutSeconds:0} s", "served on");
        }, focus: silo);
    }

    /// <param name="method">The test.</param>
    /// <param name="what">What happens to silo 2.</param>
    /// <param name="cut">Cuts it off from another one.</param>
    private Task CutAsync(string method, string what, Func<NamespaceNetwork, string, Task> cut)
    {
        var cluster = fixture.ClusterOrSkip;
        var scenario = new Scenario(cluster, output, what);
        var silo = cluster.Silos[1];
        return scenario.PlayAsync(method, async run =>
        {
            var before = silo.Process.Id;
            var disturbance = run.Disturb(what, silo);
            await cut(fixture.Network, "silo1");
            await cut(fixture.Network, "silo3");
            var absence = run.BeginAbsence(silo, isReachable: true);
            try
            {
                await TruthRun.PassAsync(Campaign.Current.Cut);
            }
            finally
            {
                run.EndAbsence(absence);
                await fixture.Network.HealAsync();
            }

            await run.HealAsync();
            scenario.Note(
                run, disturbance, $"silo {what}, {CutSeconds:0} s",
                silo.Process.Id == before ? "stayed a member" : "was declared dead, ended itself and came back");
        }, focus: silo);
    }
}

/// <summary>One cluster whose silos are in network namespaces of their own.</summary>
public sealed class DividedCluster : IAsyncLifetime
{
    private TruthCluster? _cluster;
    private string? _hindrance;

    internal NamespaceNetwork Network { get; private set; } = null!;

    /// <summary>The cluster; skips the test where there can be none.</summary>
    internal TruthCluster ClusterOrSkip
    {
        get
        {
            Assert.SkipUnless(_hindrance is null, _hindrance ?? "");
            return _cluster!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        _hindrance = await NamespaceNetwork.FindHindranceAsync();
        if (_hindrance is null)
        {
            Network = await NamespaceNetwork.CreateAsync("db", "proxy", "silo1", "silo2", "silo3");
            _cluster = await TruthCluster.StartAsync(Network);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        if (Network is not null)
        {
            await Network.DisposeAsync();
        }
    }
}
