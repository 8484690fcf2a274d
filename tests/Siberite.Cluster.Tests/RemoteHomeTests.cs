using Orleans.Configuration;
using Siberite.Contracts;
using Siberite.Testing;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>A queue through silos that are not its home, with all well and with its home away.</summary>
public sealed class RemoteHomeTests
{
    [Fact]
    public async Task A_queue_is_a_strict_fifo_through_all_silos()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        for (var i = 0; i < 30; i++)
        {
            var queue = await cluster.Silos[i % 3].OpenAsync("work");
            Assert.Equal(AppendStatus.Stored, (await queue.AppendAsync(Draft($"{i}"))).Status);
        }

        for (var i = 0; i < 30; i++)
        {
            var silo = cluster.Silos[(i + 1) % 3];
            var queue = await silo.OpenAsync("work");
            var taken = await queue.TakeAsync(silo.Session(1), TakeMode.Open, TimeSpan.Zero);
            Assert.Equal($"{i}", taken.Text());
            await queue.CloseAsync(silo.Session(1), taken.Item.Sequence);
        }
    }

    [Fact]
    public async Task What_somebody_else_has_just_made_is_found_at_once()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var work = QueueName.Parse("work");
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(await cluster.Silos[0].Router.FindAsync(work));
            Assert.Null(await cluster.Silos[1].Router.FindAsync(work));

            await (await cluster.Silos[i % 2].OpenAsync("work")).AppendAsync(Draft("one"));

            var silo = cluster.Silos[(i + 1) % 2];
            var found = await silo.Router.FindAsync(work);
            Assert.NotNull(found);
            Assert.Equal("one", (await found.TakeAsync(silo.Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
            await silo.Router.DeleteAsync(work);
        }
    }

    [Fact]
    public async Task Those_who_wait_and_those_who_append_meet_at_the_home_first_come_first_served()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var waits = new List<Task<TakeResult>>();
        foreach (var silo in cluster.Silos)
        {
            var queue = await silo.Router.FindForWaitAsync(QueueName.Parse("work"));
            waits.Add(queue.TakeAsync(silo.Session(1), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask());
            var count = waits.Count;
            await TestCluster.UntilAsync(() => cluster.Silos.Sum(home => WaiterCount(home)) == count);
        }

        for (var i = 0; i < 3; i++)
        {
            await (await cluster.Silos[2 - i].OpenAsync("work")).AppendAsync(Draft($"{i}"));
        }

        Assert.Equal(["0", "1", "2"], (await Task.WhenAll(waits)).Select(taken => taken.Text()));

        static int WaiterCount(ClusterSilo silo) => silo.Queues.GetStats(name: null).Sum(queue => queue.WaiterCount);
    }

    /// <remarks>
    /// Goal: a queue whose home is away is unavailable, at once when membership knows, and never empty; with its store
    /// back at another address it has everything that was acknowledged.
    /// Method: cut the home's power, declare it dead, ask two others; then start a silo on what was on its disk.
    /// </remarks>
    [Fact]
    public async Task A_queue_is_unavailable_while_its_home_is_away_and_whole_when_it_is_back()
    {
        await using var cluster = await TestCluster.StartAsync(3, configureSilo: WaitForRepliesLong);
        var (home, asker, other) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        var name = asker.NameAt(home.Store.Id);
        var queue = await asker.OpenAsync(name);
        await queue.AppendAsync(Draft("one"));
        await queue.AppendAsync(Draft("two"));
        await queue.TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero);

        var disk = await cluster.KillAsync(home);
        await TestCluster.DeclareDeadAsync(asker, home);
        await cluster.UntilKnownAsync(home, isHere: false);
        // Each answer is membership's: the end of a call's own time is far away.
        await AssertUnavailableAsync(home, () => AppendAsync(asker, name));
        await AssertUnavailableAsync(home, () => TakeAsync(asker, name));
        await AssertUnavailableAsync(home, async () => await asker.Router.FindAsync(QueueName.Parse(name)));
        await AssertUnavailableAsync(home, async () => await other.OpenAsync(name));
        await AssertUnavailableAsync(home, async () => await other.Router.DeleteAsync(QueueName.Parse(name)));

        var back = await cluster.AddAsync(disk);
        await cluster.UntilKnownAsync(back);
        var again = await other.OpenAsync(name);
        Assert.Equal("one", (await again.TakeAsync(other.Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
        Assert.Equal("two", (await (await asker.OpenAsync(name))
            .TakeAsync(asker.Session(3), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    [Fact]
    public async Task A_stopped_home_is_away_at_once_and_back_on_another_address()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, asker) = (cluster.Silos[0], cluster.Silos[1]);
        var name = asker.NameAt(home.Store.Id);
        await (await asker.OpenAsync(name)).AppendAsync(Draft("one"));

        var disk = await cluster.StopAsync(home);
        await cluster.UntilKnownAsync(home, isHere: false);
        await AssertUnavailableAsync(home, () => AppendAsync(asker, name));
        var back = await cluster.AddAsync(disk);
        await cluster.UntilKnownAsync(back);

        var queue = await asker.OpenAsync(name);
        Assert.Equal("one", (await queue.TakeAsync(asker.Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    [Fact]
    public async Task Calls_under_way_end_when_their_silo_is_declared_dead()
    {
        await using var cluster = await TestCluster.StartAsync(2, configureSilo: WaitForRepliesLong);
        var (home, asker) = (cluster.Silos[0], cluster.Silos[1]);
        var queue = await asker.OpenAsync(asker.NameAt(home.Store.Id));
        await queue.AppendAsync(Draft("one"));
        using var gate = home.Store.BlockNextSync();
        var append = queue.AppendAsync(Draft("two")).AsTask();
        await gate.Reached;

        await TestCluster.DeclareDeadAsync(asker, home);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => append.WaitAsync(Poll.Patience));
        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
        gate.Open();
    }

    [Fact]
    public async Task Queues_that_are_known_do_without_the_directory()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (one, two) = (cluster.Silos[0], cluster.Silos[1]);
        var name = one.NameAt(one.Store.Id);
        await (await one.OpenAsync(name)).AppendAsync(Draft("1"));
        await (await two.OpenAsync(name)).AppendAsync(Draft("2"));
        var restarted = await cluster.AddAsync(await cluster.StopAsync(one));
        await cluster.UntilKnownAsync(restarted);
        cluster.Storage.IsAway = true;

        // At home although nobody has asked for it since the restart, and from afar because it was resolved before.
        await (await restarted.OpenAsync(name)).AppendAsync(Draft("3"));
        await (await two.OpenAsync(name)).AppendAsync(Draft("4"));
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => two.OpenAsync("unheard-of"));
        cluster.Storage.IsAway = false;

        Assert.Equal(SiberiteError.DirectoryUnavailable, refusal.Error);
        var queue = await restarted.OpenAsync(name);
        for (var i = 1; i <= 4; i++)
        {
            var taken = await queue.TakeAsync(restarted.Session(1), TakeMode.Plain, TimeSpan.Zero);
            Assert.Equal($"{i}", taken.Text());
        }

        Assert.Equal(
            AppendStatus.Stored, (await (await two.OpenAsync("unheard-of")).AppendAsync(Draft("one"))).Status);
    }

    [Fact]
    public async Task New_queues_stay_here_when_they_are_told_to()
    {
        await using var cluster = await TestCluster.StartAsync(
            3, options => options.NewQueues = NewQueues.Local);

        for (var i = 0; i < 9; i++)
        {
            await (await cluster.Silos[i % 3].OpenAsync($"queue{i}")).AppendAsync(Draft("one"));
        }

        Assert.All(cluster.Silos, silo => Assert.Equal(3, silo.Queues.QueueCount));
    }

    [Fact]
    public async Task A_store_that_is_drained_gets_no_new_queues()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (drained, other) = (cluster.Silos[0], cluster.Silos[1]);
        await other.Grains.GetGrain<IStoreGrain>(drained.Store.Id.ToString()).SetDrainingAsync(isDraining: true);
        await Task.WhenAll(cluster.Silos.Select(silo => silo.View.RefreshAsync()));

        for (var i = 0; i < 10; i++)
        {
            await (await cluster.Silos[i % 2].OpenAsync($"queue{i}")).AppendAsync(Draft("one"));
        }

        Assert.Equal((0, 10), (drained.Queues.QueueCount, other.Queues.QueueCount));
    }

    [Fact]
    public async Task One_set_reaches_several_queues_of_one_home_wherever_that_is()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        QueueName[] names = [QueueName.Parse("a"), QueueName.Parse("b"), QueueName.Parse("c"), QueueName.Parse("d")];

        foreach (var silo in cluster.Silos)
        {
            Assert.Equal(AppendStatus.Stored, (await silo.Router.AppendToAllAsync(names, Draft("one"))).Status);
        }

        var stats = await cluster.Silos[0].Router.GetStatsAsync(name: null, StatsScope.Cluster);
        Assert.Equal([3, 3, 3, 3], stats.Queues.Select(queue => queue.ItemCount));
        Assert.Single(stats.Queues.Select(queue => queue.Store).Distinct());
    }

    [Fact]
    public async Task One_set_cannot_reach_queues_of_several_homes_and_does_nothing()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var silo = cluster.Silos[0];
        var (here, there) = (silo.NameAt(silo.Store.Id), silo.NameAt(cluster.Silos[1].Store.Id));
        await (await silo.OpenAsync(here)).AppendAsync(Draft("one"));
        await (await silo.OpenAsync(there)).AppendAsync(Draft("one"));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () =>
            await silo.Router.AppendToAllAsync([QueueName.Parse(here), QueueName.Parse(there)], Draft("two")));

        Assert.Equal(SiberiteError.HomesDiffer, refusal.Error);
        var stats = await silo.Router.GetStatsAsync(name: null, StatsScope.Cluster);
        Assert.Equal([1, 1], stats.Queues.Select(queue => queue.ItemCount));
    }

    /// <summary>As a gateway does: a home that had served it and is away is asked for once more.</summary>
    private static async Task AppendAsync(ClusterSilo silo, string name)
    {
        while ((await (await silo.OpenAsync(name)).AppendAsync(Draft("lost"))).Status == AppendStatus.Gone)
        {
        }
    }

    /// <inheritdoc cref="AppendAsync"/>
    private static async Task TakeAsync(ClusterSilo silo, string name)
    {
        var session = silo.Session(2);
        while ((await (await silo.OpenAsync(name)).TakeAsync(session, TakeMode.Plain, TimeSpan.Zero)).Status
            == TakeStatus.Gone)
        {
        }
    }

    private static async Task AssertUnavailableAsync(ClusterSilo home, Func<Task> ask)
    {
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => ask().WaitAsync(Poll.Patience));
        Assert.Equal((SiberiteError.QueueUnavailable, home.Name), (refusal.Error, refusal.Silo));
    }

    /// <summary>Calls that end in a test end for another reason than their time-out.</summary>
    private static void WaitForRepliesLong(ISiloBuilder silo)
        => silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromMinutes(10));
}
