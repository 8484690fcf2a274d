using Siberite.Contracts;
using static Siberite.Cluster.Tests.ClusterActs;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>Which mode a queue has, and where its shards are.</summary>
public sealed class LooseRecordTests
{
    [Fact]
    public async Task A_queue_keeps_the_mode_it_was_made_with()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.Silos[0].FillAsync("loose", 3);
        foreach (var silo in cluster.Silos)
        {
            silo.SetModes();
        }

        await cluster.Silos[1].AppendAsync("loose", "last");

        Assert.Equal(4, cluster.Silos[0].Queues.ItemCount);
        Assert.Equal("00000", await cluster.Silos[1].TakeAsync("loose"));
    }

    /// <remarks>A loose target has room wherever the strict ones live, and the set stays one batch.</remarks>
    [Fact]
    public async Task A_set_to_a_strict_and_a_loose_queue_goes_where_the_strict_one_lives()
    {
        await using var cluster = await WithLooseQueuesAsync(TestCluster.StartAsync(2));
        var (home, client) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("work", 1);
        QueueName[] names = [QueueName.Parse("loose"), QueueName.Parse("work")];

        Assert.Equal(AppendStatus.Stored, (await client.Router.AppendToAllAsync(names, Draft("both"))).Status);

        Assert.Equal(3, home.Queues.ItemCount);
        Assert.Equal("both", await client.TakeAsync("loose", session: 1, LongWait));
        Assert.Equal("00000", await client.TakeAsync("work"));
        Assert.Equal("both", await client.TakeAsync("work"));
        await home.AppendAsync("loose", "more"); // Its shard is known to be one here too.
        Assert.Equal("more", await client.TakeAsync("loose", session: 1, LongWait));
    }

    [Fact]
    public async Task The_local_shard_is_served_while_the_directory_is_away()
    {
        await using var cluster = await WithLooseQueuesAsync(TestCluster.StartAsync(2));
        await cluster.Silos[0].AppendAsync("loose", "0");
        cluster.Storage.IsAway = true;

        await cluster.Silos[0].AppendAsync("loose", "1");

        Assert.Equal("0", await cluster.Silos[0].TakeAsync("loose"));
        Assert.Equal("1", await cluster.Silos[0].TakeAsync("loose"));
        cluster.Storage.IsAway = false;
    }
}
