using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What is asked of all silos, and some may be away.</summary>
public sealed class EverywhereTests
{
    [Fact]
    public async Task Statistics_of_all_silos_are_had_from_each_and_say_who_is_away()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var names = await FillAsync(cluster);
        foreach (var silo in cluster.Silos)
        {
            var all = await silo.Router.GetStatsAsync(name: null, StatsScope.Cluster);
            Assert.Equal((12, 3, 0), (all.Queues.Count, all.Silos.Count, all.AwayCount));
            Assert.Equal(12, all.Silos.Sum(told => told.QueueCount));
            Assert.Equal(12, all.Silos.Sum(told => told.Counters!.Queues.Created));
            Assert.All(all.Silos, told => Assert.Equal(told.Store, told.Report!.Store));
            Assert.Single((await silo.Router.GetStatsAsync(QueueName.Parse(names[0]), StatsScope.Cluster)).Queues);
            var own = await silo.Router.GetStatsAsync(name: null, StatsScope.Silo);
            Assert.Equal((silo.Queues.QueueCount, 1), (own.Queues.Count, own.Silos.Count));
        }

        var (away, asker) = (cluster.Silos[2], cluster.Silos[0]);
        var awayCount = away.Queues.QueueCount;
        await away.Get<StoreClaimer>().TryReportAsync();
        await asker.View.RefreshAsync();
        await cluster.KillAsync(away);
        await TestCluster.DeclareDeadAsync(asker, away);
        await cluster.UntilKnownAsync(away, isHere: false);

        var rest = await asker.Router.GetStatsAsync(name: null, StatsScope.Cluster);
        Assert.Equal((12 - awayCount, 1), (rest.Queues.Count, rest.AwayCount));
        var missing = Assert.Single(rest.Silos, silo => silo.IsAway);
        Assert.Equal((away.Store.Id, away.Name), (missing.Store, missing.Name));
        Assert.Equal((awayCount, awayCount), (missing.QueueCount, missing.ItemCount));
        Assert.Null(missing.Counters);
    }

    [Fact]
    public async Task Of_a_silo_that_is_away_the_last_that_was_seen_is_told()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await FillAsync(cluster);
        var (away, asker) = (cluster.Silos[1], cluster.Silos[0]);
        var awayCount = away.Queues.QueueCount;
        await asker.Router.GetStatsAsync(name: null, StatsScope.Cluster);
        await cluster.KillAsync(away); // Before its record says anything of these queues.
        await TestCluster.DeclareDeadAsync(asker, away);
        await cluster.UntilKnownAsync(away, isHere: false);

        for (var look = 0; look < 2; look++)
        {
            var rest = await asker.Router.GetStatsAsync(name: null, StatsScope.Cluster);
            var missing = Assert.Single(rest.Silos, silo => silo.IsAway);
            Assert.Equal((awayCount, awayCount), (missing.QueueCount, missing.ItemCount));
        }
    }

    [Fact]
    public async Task A_purge_of_all_reaches_every_silo_and_names_those_that_are_away()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await FillAsync(cluster);

        await cluster.Silos[1].Router.PurgeAllAsync();

        Assert.Equal(0, cluster.Silos.Sum(silo => silo.Queues.ItemCount));
        await FillAsync(cluster);
        var (away, asker, other) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        await asker.View.RefreshAsync();
        var disk = await cluster.StopAsync(away);
        await cluster.UntilKnownAsync(away, isHere: false);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await asker.Router.PurgeAllAsync());

        Assert.Equal((SiberiteError.SilosAway, away.Name), (refusal.Error, refusal.Silo));
        Assert.Equal(0, asker.Queues.ItemCount + other.Queues.ItemCount);
        var back = await cluster.AddAsync(disk);
        Assert.NotEqual(0, back.Queues.ItemCount);
    }

    [Fact]
    public async Task Statistics_of_all_queues_are_asked_of_other_silos_once_however_many_want_them()
    {
        var calls = new CallCounter();
        await using var cluster = await TestCluster.StartAsync(
            3, options => options.StatsInterval = TimeSpan.FromHours(1),
            silo => silo.AddIncomingGrainCallFilter(calls));
        var names = await FillAsync(cluster);

        for (var i = 0; i < 20; i++)
        {
            var all = await cluster.Silos[0].Router.GetStatsAsync(name: null, StatsScope.Cluster);
            Assert.Equal(12, all.Queues.Count);
        }

        Assert.Equal(2, calls[nameof(ISiloQueuesGrain.GetStatsAsync)]);
        await cluster.Silos[0].Router.GetStatsAsync(QueueName.Parse(names[0]), StatsScope.Cluster);
        Assert.Equal(4, calls[nameof(ISiloQueuesGrain.GetStatsAsync)]);
    }

    /// <summary>12 queues with an item each, 4 on every silo when they are made by this.</summary>
    private static async Task<List<string>> FillAsync(TestCluster cluster)
    {
        var names = cluster.Silos.SelectMany(silo => silo.NamesAt(silo.Store.Id).Take(4)).ToList();
        foreach (var (i, name) in names.Index())
        {
            await (await cluster.Silos[i % 3].OpenAsync(name)).AppendAsync(Draft("one"));
        }

        Assert.All(cluster.Silos, silo => Assert.Equal(4, silo.Queues.QueueCount));
        return names;
    }
}
