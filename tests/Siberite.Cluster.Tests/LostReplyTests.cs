using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>Replies between silos that never arrive.</summary>
public sealed class LostReplyTests
{
    [Fact]
    public async Task An_append_whose_reply_was_lost_is_stored_once_and_said_to_be()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home, queue) = await RemoteAsync(cluster);

        asker.Faults.LoseReplies(1);

        Assert.Equal(AppendStatus.Stored, (await queue.AppendAsync(Draft("one"))).Status);
        Assert.Equal(1, home.Queues.ItemCount);
    }

    [Fact]
    public async Task An_append_whose_replies_are_all_lost_is_unknown_and_stored_once()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home, queue) = await RemoteAsync(cluster);

        asker.Faults.LoseReplies(2);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await queue.AppendAsync(Draft("one")));
        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
        Assert.Equal(1, home.Queues.ItemCount);
    }

    [Fact]
    public async Task A_take_whose_reply_was_lost_brings_the_item_it_won()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home, queue) = await RemoteAsync(cluster);
        await queue.AppendAsync(Draft("one"));
        await queue.AppendAsync(Draft("two"));

        asker.Faults.LoseReplies(1);

        Assert.Equal("one", (await queue.TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero)).Text());
        Assert.Equal(1, home.Queues.GetStats(queue.Name)[0].OpenReadCount);
    }

    [Theory]
    [InlineData(1, CallLedger.MaxKeptBytes + 1)]
    [InlineData(2, 1)]
    public async Task A_take_that_stays_lost_gives_its_item_back(int lostReplies, int payloadBytes)
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home, queue) = await RemoteAsync(cluster);
        await queue.AppendAsync(Draft(new byte[payloadBytes]));
        await queue.AppendAsync(Draft("two"));
        asker.Faults.LoseReplies(lostReplies);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () => await queue.TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero));

        Assert.Equal((SiberiteError.QueueUnavailable, home.Name), (refusal.Error, refusal.Silo));
        var next = await (await asker.OpenAsync(queue.Name.Value))
            .TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero);
        Assert.Equal((1, payloadBytes), (next.Item.Sequence, next.Item.Payload.Length));
        Assert.Equal(1, home.Queues.GetStats(queue.Name)[0].OpenReadCount);
    }

    /// <remarks>
    /// Goal: when the home that carried out a call is gone, its successor does not carry it out a second time.
    /// Method: lose the reply of an append that is on disk, and put another silo on that disk before it is repeated.
    /// </remarks>
    [Fact]
    public async Task An_append_lost_with_its_home_is_unknown_and_stored_once()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home, queue) = await RemoteAsync(cluster);
        asker.Faults.AfterLoss = async () =>
        {
            asker.Faults.AfterLoss = () => Task.CompletedTask;
            var disk = await cluster.KillAsync(home);
            await TestCluster.DeclareDeadAsync(asker, home);
            await cluster.UntilKnownAsync(await cluster.AddAsync(disk));
        };
        asker.Faults.LoseReplies(1);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await queue.AppendAsync(Draft("one")));

        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
        Assert.Equal(1, cluster.Silos[^1].Queues.ItemCount);
        await (await asker.OpenAsync(queue.Name.Value)).AppendAsync(Draft("two"));
        Assert.Equal(2, cluster.Silos[^1].Queues.ItemCount);
    }

    /// <returns>A silo, another one, and a queue of that as the first one sees it.</returns>
    private static async Task<(ClusterSilo Asker, ClusterSilo Home, IQueue Queue)> RemoteAsync(TestCluster cluster)
    {
        var (asker, home) = (cluster.Silos[0], cluster.Silos[1]);
        return (asker, home, await asker.OpenAsync(asker.NameAt(home.Store.Id)));
    }
}
