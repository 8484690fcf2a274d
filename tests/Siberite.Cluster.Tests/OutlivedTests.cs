using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

/// <summary>Queues that their settings end once they are empty: they go with their home records, and nothing that comes
/// meanwhile is lost.</summary>
public sealed class OutlivedTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    [Fact]
    public async Task A_queue_that_outlived_its_settings_leaves_no_record_and_may_be_made_anew()
    {
        using var store = new MemoryQueueStore();
        await using var silo = await TestSilo.StartAsync(store);
        End(silo.Queues);
        await PassOneAsync(await silo.OpenAsync("work"));

        silo.Queues.Outlived!([QueueName.Parse("work")]);
        await TestCluster.UntilAsync(() => silo.Queues.QueueCount == 0);

        Assert.Null(await silo.Directory("work").FindAsync());
        Assert.Equal(
            AppendStatus.Stored, (await (await silo.OpenAsync("work")).AppendAsync(Shorthand.Draft("new"))).Status);
        Assert.NotNull(await silo.Directory("work").FindAsync());
    }

    [Fact]
    public async Task A_queue_that_is_in_use_stays()
    {
        using var store = new MemoryQueueStore();
        await using var silo = await TestSilo.StartAsync(store);
        End(silo.Queues);
        await (await silo.OpenAsync("full")).AppendAsync(Shorthand.Draft("one"));
        var awaited = await silo.OpenAsync("awaited");
        await PassOneAsync(awaited);
        var wait = awaited.TakeAsync(Shorthand.Session(2), TakeMode.Plain, ClusterActs.LongWait).AsTask();
        await PassOneAsync(await silo.OpenAsync("empty"));

        // In this order: when the last one is gone, the others have been looked at.
        silo.Queues.Outlived!([QueueName.Parse("full"), QueueName.Parse("awaited"), QueueName.Parse("empty")]);
        await TestCluster.UntilAsync(() => silo.Queues.QueueCount == 2);

        Assert.NotNull(await silo.Directory("full").FindAsync());
        Assert.NotNull(await silo.Directory("awaited").FindAsync());
        await (await silo.OpenAsync("awaited")).AppendAsync(Shorthand.Draft("two"));
        Assert.Equal("two", (await wait).Text());
    }

    /// <remarks>
    /// Goal: an append through another silo that meets the end of its queue is in the queue that comes after it, which
    /// has one home.
    /// Method: hold up the end between the queue and its record, append elsewhere, and look from both silos.
    /// </remarks>
    [Fact]
    public async Task An_item_that_meets_the_end_of_its_queue_is_in_the_next_one()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, other) = (cluster.Silos[0], cluster.Silos[1]);
        var name = other.NameAt(home.Store.Id);
        await other.AppendAsync(name, "old");
        Assert.Equal("old", await other.TakeAsync(name));
        await home.Queues.Commits.WaitAsync(home.Queues.PutState("unused", null) with { Level = CommitLevel.Synced });
        using var gate = home.Store.BlockNextSync();
        End(home.Queues);

        home.Queues.Outlived!([QueueName.Parse(name)]);
        await gate.Reached;
        var append = other.AppendAsync(name, "new");
        Assert.True(cluster.Storage.Has($"queuedirectory/{name}"));
        Assert.False(append.IsCompleted);
        gate.Open();
        await append;

        Assert.True(cluster.Storage.Has($"queuedirectory/{name}"));
        Assert.Equal(1, cluster.Silos.Sum(silo => silo.Queues.ItemCount));
        Assert.Equal("new", await home.TakeAsync(name));
    }

    [Fact, Trait("Category", "Slow")]
    public async Task Nothing_is_lost_while_a_queue_ends_again_and_again()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var name = cluster.Silos[1].NameAt(cluster.Silos[0].Store.Id);
        foreach (var silo in cluster.Silos)
        {
            End(silo.Queues);
        }

        using var done = new CancellationTokenSource();
        var ends = Task.WhenAll(cluster.Silos.Select(silo => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                silo.Queues.Outlived!([QueueName.Parse(name)]);
                await Task.Yield();
            }
        })));

        for (var i = 0; i < 200; i++)
        {
            await cluster.Silos[i % 3].AppendAsync(name, $"item {i}");
            Assert.Equal($"item {i}", await cluster.Silos[(i + (i / 3)) % 3].TakeAsync(name));
        }

        await done.CancelAsync();
        await ends;
        Assert.InRange(cluster.Silos.Sum(silo => silo.Queues.GetCounters().Expired), 1, 200);
    }

    [Fact]
    public async Task A_loose_queue_goes_shard_by_shard()
    {
        await using var cluster = await ClusterActs.WithLooseQueuesAsync(TestCluster.StartAsync(2));
        const string Name = "loose";
        foreach (var silo in cluster.Silos)
        {
            await silo.AppendAsync(Name, "one");
            Assert.Equal("one", await silo.TakeAsync(Name));
            silo.Queues.Settings.Replace(new QueueSettings(
                [new QueueLayer("*", options => (options.Mode, options.MaxQueueAge) = (QueueMode.Loose, Moment))]));
        }

        var directory = cluster.Silos[0].Grains.GetGrain<IQueueDirectoryGrain>(Name);
        await directory.DeleteOutlivedAsync(cluster.Silos[0].Store.Id);
        Assert.Equal([cluster.Silos[1].Store.Id], (await directory.FindAsync())!.Home.Stores);
        await cluster.Silos[0].AppendAsync(Name, "two");
        await Poll.UntilAsync( // The other silo is told of the item in a call of its own.
            async () => await cluster.Silos[1].TakeAsync(Name) == "two", "it is found from there", Poll.Patience);

        await directory.DeleteOutlivedAsync(cluster.Silos[0].Store.Id);
        await directory.DeleteOutlivedAsync(cluster.Silos[1].Store.Id);
        Assert.Null(await directory.FindAsync());
        await cluster.Silos[0].AppendAsync(Name, "three");
        Assert.Equal("three", await cluster.Silos[0].TakeAsync(Name));
    }

    private static void End(LocalQueues queues)
        => queues.Settings.Replace(new QueueSettings([new QueueLayer("*", options => options.MaxQueueAge = Moment)]));

    private static async Task PassOneAsync(IQueue queue)
    {
        await queue.AppendAsync(Shorthand.Draft("one"));
        var taken = await queue.TakeAsync(Shorthand.Session(1), TakeMode.Open, TimeSpan.Zero);
        await queue.CloseAsync(Shorthand.Session(1), taken.Item.Sequence);
    }
}
