using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Siberite.Contracts;
using Siberite.Testing.Stores;
using static Siberite.Cluster.Tests.Shorthand;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster.Tests;

/// <summary>What a silo takes from the others at a time.</summary>
public sealed class LimitTests
{
    /// <remarks>
    /// Goal: a queue with its fill of calls says so, and loses nothing by it.
    /// Method: one call is allowed beside the one that comes, and two waits are parked; a set is refused, and an abort
    /// made meanwhile arrives when the waits have ended.
    /// </remarks>
    [Fact]
    public async Task A_queue_with_its_fill_of_calls_is_busy()
    {
        await using var cluster = await TestCluster.StartAsync(
            2,
            options => options.WaitSlice = TimeSpan.FromSeconds(2),
            silo => silo.Configure<SiloMessagingOptions>(options => options.MaxEnqueuedRequestsHardLimit = 1));
        var (asker, home) = (cluster.Silos[0], cluster.Silos[1]);
        var queue = await asker.OpenAsync(asker.NameAt(home.Store.Id));
        await queue.AppendAsync(Draft("one"));
        var taken = await queue.TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero);
        var waits = Task.WhenAll(Enumerable.Range(2, 2).Select(
            session => queue.TakeAsync(asker.Session(session), TakeMode.Plain, TimeSpan.FromSeconds(3)).AsTask()));
        await TestCluster.UntilAsync(() => home.Queues.GetStats(queue.Name)[0].WaiterCount == 2);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await queue.AppendAsync(Draft("two")));
        var abort = queue.AbortAsync(asker.Session(1), taken.Item.Sequence).AsTask();

        Assert.Equal(SiberiteError.QueueBusy, refusal.Error);
        await Assert.ThrowsAsync<SiberiteException>(() => abort); // Told so, and tried on.
        await waits;
        await TestCluster.UntilAsync(() => home.Queues.GetStats(queue.Name)[0] is { OpenReadCount: 0 });
    }

    /// <remarks>
    /// Goal: many large items asked for at once do not make one message that is larger than silos may send.
    /// Method: 40 takes, and closes among them, of a queue with items of 64 KiB in one call.
    /// </remarks>
    [Fact]
    public async Task A_call_takes_no_more_once_its_reply_is_full_and_closes_all_the_same()
    {
        using var store = new MemoryQueueStore();
        using var queues = TestSilo.NewEngine(store, TimeProvider.System);
        using var reads = new RemoteReads(queues, Options.Create(new ClusterOptions()), TimeProvider.System);
        var queue = queues.Open(QueueName.Parse("work"));
        for (var i = 0; i < 40; i++)
        {
            await queue.AppendAsync(Draft(new byte[64 << 10]));
        }

        QueueCommand[] commands =
        [
            .. Enumerable.Range(1, 40).Select(i => Command(QueueCommandKind.Take, Session(i), sequence: 0)),
            Command(QueueCommandKind.Append, default, sequence: 0),
            Command(QueueCommandKind.Close, Session(1), sequence: 1),
        ];
        var previous = new PreviousCall(Number: 0, Takers: null, Task.FromResult<QueueOutcome[]>([]));

        var outcomes = await new CallExecution(queue.Name, queue, commands, previous, reads)
            .EndAsync(queues.Commits);

        var full = CallExecution.MaxTakenBytes / (64 << 10);
        Assert.All(outcomes[..full], outcome => Assert.Equal(TakeStatus.Taken, outcome.Take));
        Assert.All(outcomes[full..^1], outcome => Assert.True(outcome.IsDeferred));
        Assert.Equal((40 - full, full - 1), (queue.WaitingCount, queue.HeldItemCount));
    }

    private static QueueCommand Command(QueueCommandKind kind, SessionId session, long sequence)
        => new(kind, session, Payload: [], Flags: 0, ExpiresAt: 0, MustSync: false, TakeMode.Open, sequence);
}
