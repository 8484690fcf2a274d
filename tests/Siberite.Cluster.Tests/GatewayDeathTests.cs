using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What a gateway's sessions had open belongs to them while its silo lives.</summary>
public sealed class GatewayDeathTests
{
    [Fact]
    public async Task What_a_dead_gateways_sessions_had_open_goes_back_to_its_place()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (home, gateway, other) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        var name = gateway.NameAt(home.Store.Id);
        var (dying, living) = (await gateway.OpenAsync(name), await other.OpenAsync(name));
        for (var i = 0; i < 4; i++)
        {
            await living.AppendAsync(Draft($"{i}"));
        }

        await dying.TakeAsync(gateway.Session(1), TakeMode.Open, TimeSpan.Zero);
        var kept = await living.TakeAsync(other.Session(1), TakeMode.Open, TimeSpan.Zero);
        await dying.TakeAsync(gateway.Session(2), TakeMode.Open, TimeSpan.Zero);
        await cluster.KillAsync(gateway);
        await TestCluster.DeclareDeadAsync(other, gateway);
        await TestCluster.UntilAsync(() => home.Queues.GetStats(QueueName.Parse(name))[0].OpenReadCount == 1);

        Assert.Equal("1", kept.Text());
        Assert.Equal(["0", "2", "3"], await DrainAsync(living, other.Session(2)));
        await living.AbortAsync(other.Session(1), kept.Item.Sequence);
        Assert.Equal(["1"], await DrainAsync(living, other.Session(2)));
    }

    [Fact]
    public async Task A_dead_gateways_wait_wins_nothing()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (home, gateway, other) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        var name = gateway.NameAt(home.Store.Id);
        var waiting = (await gateway.OpenAsync(name))
            .TakeAsync(gateway.Session(1), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask();
        await TestCluster.UntilAsync(() => home.Get<RemoteReads>().WaitCount == 1);

        await cluster.KillAsync(gateway);
        await TestCluster.DeclareDeadAsync(other, gateway);
        await TestCluster.UntilAsync(() => home.Get<RemoteReads>().WaitCount == 0);

        var queue = await other.OpenAsync(name);
        await queue.AppendAsync(Draft("one"));
        Assert.Equal("one", (await queue.TakeAsync(other.Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
        _ = waiting.ContinueWith(wait => wait.Exception, TaskScheduler.Default);
    }

    /// <remarks>A paused gateway may wake up after it was declared dead, and its calls still arrive.</remarks>
    [Fact]
    public async Task A_gateway_that_was_declared_dead_takes_nothing_more()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (home, gateway, other) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        var name = gateway.NameAt(home.Store.Id);
        var queue = await other.OpenAsync(name);
        await queue.AppendAsync(Draft("one"));
        var zombie = new GatewayAddress(gateway.Get<LocalSilo>().Run, gateway.Address);
        var session = gateway.Session(1);
        await cluster.KillAsync(gateway);
        await TestCluster.DeclareDeadAsync(other, gateway);
        await cluster.UntilKnownAsync(gateway, isHere: false);

        var grain = other.Grains.GetGrain<IQueueGrain>(new QueueAddress(queue.Name, home.Store.Id).ToKey());
        var take = new QueueCommand(QueueCommandKind.Take, session, null, 0, 0, false, TakeMode.Open, 0);
        var call = new QueueCall(zombie, Sender: 1, Number: 1, home.Get<LocalSilo>().Run, new QueueCommands([take]));
        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await grain.ExecuteAsync(call));

        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        Assert.Equal("one", (await queue.TakeAsync(other.Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    private static async Task<List<string>> DrainAsync(IQueue queue, SessionId session)
    {
        var drained = new List<string>();
        while (await queue.TakeAsync(session, TakeMode.Plain, TimeSpan.Zero) is { Status: TakeStatus.Taken } taken)
        {
            await queue.CloseAsync(session, taken.Item.Sequence);
            drained.Add(taken.Text());
        }

        return drained;
    }
}
