using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Gateway.Tests;

/// <summary>Commands that are under way when their queue is gone from where they were sent.</summary>
public sealed class ResendingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <remarks>
    /// Goal: a set is never answered <c>STORED</c> because its queue was gone, and a session's sets keep their order
    /// when they are sent again, whatever the order in which they come back.
    /// Method: three sets in a pipeline go to a queue elsewhere, which then says, last one first, that it is gone; two
    /// more come while the others are under way and the name means the new queue already.
    /// </remarks>
    [Fact]
    public async Task Sets_that_come_back_are_stored_in_their_order_and_then_answered()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(
            Durability.Always, routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\nset q 0 0 1\r\n3\r\n");
        SpinWait.SpinUntil(() => router!.Elsewhere.UnderWay.Count == 3, Patience);
        router!.HasMoved = true;
        var underWay = router.Elsewhere.UnderWay.ToArray();
        await client.SendAsync("set q 0 0 1\r\n4\r\nset q 0 0 1\r\n5\r\n");
        Assert.False(client.HasReply());
        foreach (var append in underWay.Reverse())
        {
            append.SetResult(new AppendResult(AppendStatus.Gone, default));
        }

        await client.ExpectAsync("STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\nSTORED\r\n");
        foreach (var item in (string[])["1", "2", "3", "4", "5"])
        {
            await client.AskAsync("get q\r\n", $"VALUE q 0 1\r\n{item}\r\nEND\r\n");
        }
    }

    /// <remarks>
    /// Goal: the same when a queue comes back to where it was: a set that could go there now must not overtake one that
    /// has yet to be sent there again.
    /// Method: of two sets under way the second comes back first, and waits for the first; a third one comes then.
    /// </remarks>
    [Fact]
    public async Task A_set_on_the_old_way_waits_for_those_that_came_back_from_it()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(
            Durability.Always, routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();
        await client.SendAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n");
        SpinWait.SpinUntil(() => router!.Elsewhere.UnderWay.Count == 2, Patience);
        var underWay = router!.Elsewhere.UnderWay.ToArray();

        underWay[1].SetResult(new AppendResult(AppendStatus.Gone, default));
        await client.SendAsync("set q 0 0 1\r\n3\r\nset other 0 0 1\r\n-\r\n");
        SpinWait.SpinUntil(() => router.WasOtherAskedFor, Patience); // The third one is on its way, or waits.
        Assert.Equal(2, router.Elsewhere.UnderWay.Count);
        underWay[0].SetResult(new AppendResult(AppendStatus.Gone, default));

        await client.ExpectAsync("STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\n");
        router.HasMoved = true;
        foreach (var item in (string[])["1", "2", "3"])
        {
            await client.AskAsync("get q\r\n", $"VALUE q 0 1\r\n{item}\r\nEND\r\n");
        }
    }

    /// <remarks>
    /// Goal: a set of several queues, or one whose way is not known any more, does not overtake what its session sent
    /// to one of them before.
    /// Method: the first set is under way elsewhere and comes back late; the second one could be done at once.
    /// </remarks>
    [Theory]
    [InlineData("q+r")]
    [InlineData("q")]
    public async Task A_set_that_goes_another_way_waits_for_those_before_it(string target)
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(
            Durability.Always, routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();
        await client.SendAsync("set q 0 0 1\r\n1\r\n");
        SpinWait.SpinUntil(() => router!.Elsewhere.UnderWay.Count == 1, Patience);
        router!.IsForgotten = true;

        await client.SendAsync($"set {target} 0 0 1\r\n2\r\n");
        Assert.False(client.HasReply());
        router.Elsewhere.UnderWay.Single().SetResult(new AppendResult(AppendStatus.Gone, default));

        await client.ExpectAsync("STORED\r\nSTORED\r\n");
        await client.AskAsync("get q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\n");
        await client.AskAsync("get q\r\n", "VALUE q 0 1\r\n2\r\nEND\r\n");
    }

    /// <remarks>
    /// Goal: a queue that has moved is never said to be empty.
    /// Method: a get goes to a queue elsewhere, which says after a while that it is gone; its item is here.
    /// </remarks>
    [Theory]
    [InlineData("get q\r\n")]
    [InlineData("get q/open\r\n")]
    [InlineData("get q/peek\r\n")]
    [InlineData("get q/t=20000\r\n")]
    public async Task A_get_that_comes_back_looks_where_the_queue_is_now(string get)
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(
            Durability.Always, routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();
        router!.HasMoved = true;
        await client.AskAsync("set q 0 0 1\r\n1\r\n", "STORED\r\n");
        router.HasMoved = false;

        await client.SendAsync(get);
        SpinWait.SpinUntil(() => router.Elsewhere.Takes.Count == 1, Patience);
        Assert.False(client.HasReply());
        router.Elsewhere.Takes.Single().SetResult(new TakeResult(TakeStatus.Gone, default, default));

        await client.ExpectAsync("VALUE q 0 1\r\n1\r\nEND\r\n");
    }

    private sealed class ElsewhereRouter(LocalQueues queues) : IQueueRouter
    {
        private readonly EngineRouter _engine = new(queues);

        public ElsewhereQueue Elsewhere { get; } = new();

        public volatile bool HasMoved;
        public volatile bool IsForgotten; // The way to it: it has to be looked up.
        public volatile bool WasOtherAskedFor; // A queue that is here all the time.

        public ICommitLog Commits => _engine.Commits;

        public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
        {
            WasOtherAskedFor |= name.SequenceEqual("other"u8);
            queue = HasMoved || name.SequenceEqual("other"u8) ? queues.Open(QueueName.Parse(name)) : IsForgotten ? null : Elsewhere;
            return queue is not null;
        }

        public ValueTask<IQueue?> FindAsync(QueueName name) => _engine.FindAsync(name);

        public ValueTask<IQueue> FindForWaitAsync(QueueName name) => _engine.FindForWaitAsync(name);

        public ValueTask<IQueue> OpenAsync(QueueName name) => _engine.OpenAsync(name);

        public ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
            => _engine.AppendToAllAsync(names, draft);

        public ValueTask<Commit> DeleteAsync(QueueName name) => _engine.DeleteAsync(name);

        public ValueTask<long> DropExpiredAsync(QueueName? name) => _engine.DropExpiredAsync(name);

        public ValueTask<Commit> PurgeAllAsync() => _engine.PurgeAllAsync();

        public ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope)
            => _engine.GetStatsAsync(name, scope);
    }

    private sealed class ElsewhereQueue : IQueue
    {
        public ConcurrentQueue<TaskCompletionSource<AppendResult>> UnderWay { get; } = new();

        public QueueName Name { get; } = QueueName.Parse("q");

        public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        {
            var append = new TaskCompletionSource<AppendResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            UnderWay.Enqueue(append);
            return new(append.Task);
        }

        public ConcurrentQueue<TaskCompletionSource<TakeResult>> Takes { get; } = new();

        public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
        {
            var take = new TaskCompletionSource<TakeResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            Takes.Enqueue(take);
            return new(take.Task);
        }

        public void CancelWait(SessionId session)
        {
        }

        public ValueTask<Commit> CloseAsync(SessionId session, long sequence) => default;

        public ValueTask AbortAsync(SessionId session, long sequence) => default;

        public ValueTask ReturnAsync(SessionId session, long sequence) => default;

        public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease) => default;

        public ValueTask<Commit> PurgeAsync() => default;
    }
}
