using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>A gateway that knows a queue's former home, when that one is gone: it asks again before a client
/// hears.</summary>
public sealed class StaleHomeTests
{
    [Theory]
    [InlineData(Deed.Append)]
    [InlineData(Deed.Take)]
    [InlineData(Deed.Wait)]
    [InlineData(Deed.AppendToSeveral)]
    public async Task A_queue_that_moved_is_served_although_its_former_home_is_down(Deed deed)
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var gateway = cluster.Silos[2];
        await cluster.Silos[0].FillAsync("work", 2);
        Assert.Equal("00000", await gateway.TakeAsync("work"));
        await cluster.Silos[1].FillAsync("beside", 1);
        await MovingTests.MoveAsync(cluster.Silos[0], cluster.Silos[1]);
        await KillAsync(cluster, cluster.Silos[0]);

        switch (deed)
        {
            case Deed.Append:
                await gateway.AppendAsync("work", "new");
                break;
            case Deed.Take:
                Assert.Equal("00001", await gateway.TakeAsync("work"));
                break;
            case Deed.Wait:
                Assert.Equal("00001", await gateway.TakeAsync("work", wait: ClusterActs.LongWait));
                break;
            default:
                QueueName[] names = [QueueName.Parse("work"), QueueName.Parse("beside")];
                Assert.Equal(
                    AppendStatus.Stored, (await gateway.Router.AppendToAllAsync(names, Draft("new"))).Status);
                break;
        }
    }

    [Fact]
    public async Task A_home_that_is_down_is_asked_for_once_and_the_client_told()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var gateway = cluster.Silos[2];
        await cluster.Silos[0].FillAsync("work", 1);
        var known = await gateway.OpenAsync("work");
        Assert.Equal(AppendStatus.Stored, (await known.AppendAsync(Draft("proof that it serves"))).Status);
        await KillAsync(cluster, cluster.Silos[0]);

        Assert.Equal(AppendStatus.Gone, (await known.AppendAsync(Draft("one"))).Status);
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => gateway.AppendAsync("work", "one"));
        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        refusal = await Assert.ThrowsAsync<SiberiteException>(() => gateway.AppendAsync("work", "one"));
        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        Assert.Equal(AppendStatus.Gone, (await known.AppendAsync(Draft("one"))).Status);
    }

    public enum Deed
    {
        Append,
        Take,
        Wait,
        AppendToSeveral,
    }

    private static async Task KillAsync(TestCluster cluster, ClusterSilo silo)
    {
        await cluster.KillAsync(silo);
        await TestCluster.DeclareDeadAsync(cluster.Silos[0], silo);
        await cluster.UntilKnownAsync(silo, isHere: false);
    }
}
