using Siberite.Contracts;
using static Siberite.Cluster.Tests.ClusterActs;

namespace Siberite.Cluster.Tests;

/// <summary>A silo that gives away what it has.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_drained_silo_is_empty_and_everything_is_elsewhere()
    {
        await using var cluster = await WithLooseQueuesAsync(TestCluster.StartAsync(3));
        var (leaving, client) = (cluster.Silos[0], cluster.Silos[1]);
        for (var i = 0; i < 6; i++)
        {
            await leaving.FillAsync($"work-{i}", 20 + i);
        }

        for (var i = 0; i < 250; i++)
        {
            await leaving.AppendAsync("loose", $"{i:000}");
        }

        var moves = client.Get<IQueueMoves>();
        await moves.DrainAsync(leaving.Queues.StoreId.ToString(), isDraining: true);
        await TestCluster.UntilAsync(() => leaving.Get<SiloDrain>().GetStatus().IsEmpty);

        var status = await moves.GetDrainAsync(leaving.Queues.StoreId.ToString());
        Assert.Equal((true, true, 0, 0, 7), (
            status.IsDraining, status.IsEmpty, status.QueuesLeft, status.ItemsLeft, status.MovedCount));
        for (var i = 0; i < 6; i++)
        {
            for (var item = 0; item < 20 + i; item++)
            {
                Assert.Equal($"{item:00000}", await client.TakeAsync($"work-{i}"));
            }
        }

        var taken = new List<string>();
        while (await client.TakeAsync("loose", session: 2, TimeSpan.FromSeconds(1)) is var item && item != "Empty")
        {
            taken.Add(item);
        }

        Assert.Equal(Enumerable.Range(0, 250).Select(i => $"{i:000}"), taken);
    }

    [Fact]
    public async Task What_clients_of_a_drained_silo_append_goes_elsewhere_until_it_is_told_to_stay()
    {
        await using var cluster = await WithLooseQueuesAsync(TestCluster.StartAsync(2));
        var (leaving, other) = (cluster.Silos[0], cluster.Silos[1]);
        await leaving.AppendAsync("loose", "before");
        var moves = other.Get<IQueueMoves>();
        await moves.DrainAsync(leaving.Queues.StoreId.ToString(), isDraining: true);
        await TestCluster.UntilAsync(() => leaving.Get<SiloDrain>().GetStatus().IsEmpty);

        await leaving.AppendAsync("loose", "loose meanwhile");
        await leaving.AppendAsync("strict", "strict meanwhile");
        Assert.Equal(0, leaving.Queues.QueueCount);
        Assert.Equal(3, other.Queues.ItemCount);

        await moves.DrainAsync(leaving.Queues.StoreId.ToString(), isDraining: false);
        await leaving.AppendAsync("loose", "after");
        Assert.Equal(1, leaving.Queues.ItemCount);
        Assert.Equal("after", await leaving.TakeAsync("loose"));
        Assert.Equal("before", await leaving.TakeAsync("loose", session: 3, LongWait));
    }

    [Fact]
    public async Task A_silo_that_is_alone_cannot_be_drained_away()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await cluster.Silos[0].FillAsync("work", 3);

        await cluster.Silos[0].Get<IQueueMoves>().DrainAsync(
            cluster.Silos[0].Queues.StoreId.ToString(), isDraining: true);
        await TestCluster.UntilAsync(() => cluster.Silos[0].Get<SiloDrain>().GetStatus().Failure is not null);

        var status = cluster.Silos[0].Get<SiloDrain>().GetStatus();
        Assert.Contains("no other silo", status.Failure, StringComparison.Ordinal);
        Assert.False(status.IsEmpty);
        Assert.Equal("00000", await cluster.Silos[0].TakeAsync("work"));
    }
}
