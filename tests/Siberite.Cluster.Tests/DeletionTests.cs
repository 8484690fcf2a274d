using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>Queues that are deleted through one silo while others use them.</summary>
public sealed class DeletionTests
{
    [Fact]
    public async Task A_deletion_through_any_silo_takes_the_queue_from_all()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var work = QueueName.Parse("work");
        foreach (var silo in cluster.Silos)
        {
            await (await silo.OpenAsync("work")).AppendAsync(Draft("old"));
        }

        await cluster.Silos[1].Router.DeleteAsync(work);

        Assert.Equal(0, cluster.Silos.Sum(silo => silo.Queues.ItemCount));
        foreach (var silo in cluster.Silos)
        {
            Assert.Null(await silo.Router.FindAsync(work));
        }
    }

    /// <remarks>
    /// Goal: an item whose append was acknowledged is never in a queue that the directory does not know.
    /// Method: two gateways append while a third deletes, over and over; then, wherever items are left, each gateway
    /// must find them.
    /// </remarks>
    [Fact, Trait("Category", "Slow")]
    public async Task Appends_and_deletions_through_several_silos_strand_nothing()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        for (var round = 0; round < 100; round++)
        {
            var name = QueueName.Parse($"work{round}");
            await Task.WhenAll(
                AppendAsync(cluster.Silos[0], name),
                AppendAsync(cluster.Silos[1], name),
                DeleteAsync(cluster.Silos[2], name));

            var left = cluster.Silos.SelectMany(silo => silo.Queues.GetStats(name)).Sum(queue => queue.ItemCount);
            var found = 0;
            for (var i = 0; await TakeAsync(cluster.Silos[i % 3], name); i++)
            {
                found++;
            }

            Assert.Equal(left, found);
        }

        static async Task AppendAsync(ClusterSilo silo, QueueName name)
        {
            for (var i = 0; i < 10; i++)
            {
                while ((await (await silo.Router.OpenAsync(name)).AppendAsync(Draft("one"))).Status
                    == AppendStatus.Gone)
                {
                }
            }
        }

        static async Task DeleteAsync(ClusterSilo silo, QueueName name)
        {
            for (var i = 0; i < 5; i++)
            {
                await silo.Router.DeleteAsync(name);
            }
        }
    }

    private static async Task<bool> TakeAsync(ClusterSilo silo, QueueName name)
    {
        while (await silo.Router.FindAsync(name) is { } queue)
        {
            var taken = await queue.TakeAsync(silo.Session(1), TakeMode.Plain, TimeSpan.Zero);
            if (taken.Status != TakeStatus.Gone)
            {
                return taken.Status == TakeStatus.Taken;
            }
        }

        return false;
    }

    [Fact]
    public async Task A_record_is_cleared_only_after_the_deletion_is_synced()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, asker) = (cluster.Silos[0], cluster.Silos[1]);
        var name = QueueName.Parse(asker.NameAt(home.Store.Id));
        await (await asker.Router.OpenAsync(name)).AppendAsync(Draft("old"));
        using var gate = home.Store.BlockNextSync();

        var deletion = asker.Router.DeleteAsync(name).AsTask();
        await Task.WhenAny(gate.Reached, deletion);
        Assert.False(deletion.IsCompleted);
        Assert.True(cluster.Storage.Has($"queuedirectory/{name}"));
        gate.Open();
        await deletion;

        Assert.False(cluster.Storage.Has($"queuedirectory/{name}"));
        using var afterPowerCut = home.Store.Crash();
        Assert.Empty(afterPowerCut.LoadQueues());
    }
}
