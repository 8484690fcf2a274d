using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Gateway.Tests;

/// <summary>Commands that are under way to a queue elsewhere, also when it is gone from there.</summary>
public sealed class UnderWayTests
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

    [Fact]
    public async Task Gets_go_together_and_are_answered_in_their_order()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("get q\r\nget q\r\nget q/peek\r\nget q\r\n");
        var takes = Takes(router!, 4);
        takes[3].SetResult(default);
        takes[1].SetResult(Taken(2));
        takes[2].SetResult(Taken(3));
        Assert.False(client.HasReply());
        takes[0].SetResult(Taken(1));

        await client.ExpectAsync(Value(1) + Value(2) + Value(3) + "END\r\n");
        SpinWait.SpinUntil(() => router!.Elsewhere.Closed.Count == 2, Patience);
        Assert.Equal([1, 2], router!.Elsewhere.Closed); // And not what was only looked at.
    }

    /// <remarks>
    /// Goal: a client that goes while its gets are under way swallows nothing.
    /// Method: its gets bring items after it has gone; every one of them must be given back and none closed.
    /// </remarks>
    [Fact]
    public async Task Gets_of_a_queue_and_of_its_cursors_go_together()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("get q.c\r\nget q\r\nget q.c\r\n");
        foreach (var (take, item) in Takes(router!, 3).Zip((int[])[1, 2, 3]).Reverse())
        {
            take.SetResult(Taken(item));
        }

        await client.ExpectAsync(Value(1) + Value(2) + Value(3));
    }

    [Fact]
    public async Task What_gets_bring_after_their_client_has_gone_goes_back()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("get q\r\nget q\r\n");
        var takes = Takes(router!, 2);
        await client.VanishAsync();
        takes[1].SetResult(Taken(2));
        takes[0].SetResult(Taken(1));

        await client.Run.WaitAsync(Patience);
        Assert.Equal([1, 2], router!.Elsewhere.Aborted.Order());
        Assert.Empty(router.Elsewhere.Closed);
    }

    [Fact]
    public async Task Gets_that_come_back_are_made_where_the_queue_is_now_in_their_order()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();
        var here = gateway.Queues.Open(QueueName.Parse("q"));
        foreach (var item in (string[])["1", "2", "3"])
        {
            await here.AppendAsync(new ItemDraft(new(Encoding.ASCII.GetBytes(item)), 0, 0, false));
        }

        await client.SendAsync("get q\r\nget q\r\n");
        var takes = Takes(router!, 2);
        router!.HasMoved = true;
        await client.SendAsync("get q/open\r\n");
        takes[1].SetResult(new TakeResult(TakeStatus.Gone, default, default));
        takes[0].SetResult(new TakeResult(TakeStatus.Gone, default, default));

        await client.ExpectAsync(Value(1) + Value(2) + Value(3));
    }

    [Fact]
    public async Task A_wait_goes_on_where_the_queue_is_now()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("get q/t=60000\r\n");
        var takes = Takes(router!, 1);
        router!.HasMoved = true;
        takes[0].SetResult(new TakeResult(TakeStatus.Gone, default, default));
        SpinWait.SpinUntil(() => gateway.Stats("q")?.WaiterCount == 1, Patience);
        await gateway.Connect().AskAsync("set q 0 0 1\r\n1\r\n", "STORED\r\n");

        await client.ExpectAsync(Value(1));
    }

    [Fact]
    public async Task A_command_on_many_queues_comes_after_those_under_way()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();

        await client.SendAsync("set q 0 0 1\r\n1\r\nflush_all\r\ndelete q\r\nflush_expired q\r\nversion\r\n");
        SpinWait.SpinUntil(() => router!.Elsewhere.UnderWay.Count == 1, Patience);
        Assert.Equal(0, router!.DoneCount);
        router.Elsewhere.UnderWay.Single().SetResult(default);

        await client.ExpectAsync("STORED\r\nFlushed all queues.\r\nDELETED\r\n0\r\nVERSION ");
        Assert.Equal(3, router.DoneCount);
    }

    /// <remarks>The first items tell how large they are: gets beyond what a session may owe wait for that.</remarks>
    [Fact]
    public async Task Gets_of_large_items_are_under_way_one_at_a_time()
    {
        ElsewhereRouter? router = null;
        using var gateway = new GatewayOverPipes(
            options: new GatewayOptions { MaxPendingReplyBytes = 32 << 10 },
            routerOver: queues => router = new ElsewhereRouter(queues));
        var client = gateway.Connect();
        await client.SendAsync(string.Concat(Enumerable.Repeat("get q\r\n", 5)));
        var payload = new string('x', 64 << 10);
        var value = $"VALUE q 0 {payload.Length}\r\n{payload}\r\nEND\r\n";
        var item = new Item(1, Encoding.ASCII.GetBytes(payload), Flags: 0);

        foreach (var take in Takes(router!, 2))
        {
            take.SetResult(new TakeResult(TakeStatus.Taken, item, default));
        }

        await client.ExpectAsync(value + value);
        for (var count = 3; count <= 5; count++)
        {
            var takes = Takes(router!, count);
            Assert.Equal(count, takes.Length);
            takes[^1].SetResult(new TakeResult(TakeStatus.Taken, item, default));
            await client.ExpectAsync(value);
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
    [InlineData("get q.c\r\n")]
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

    private static TakeResult Taken(int sequence)
        => new(TakeStatus.Taken, new Item(sequence, [(byte)('0' + sequence)], Flags: 0), default);

    private static string Value(int item) => $"VALUE q 0 1\r\n{item}\r\nEND\r\n";

    private static TaskCompletionSource<TakeResult>[] Takes(ElsewhereRouter router, int count)
    {
        Assert.True(SpinWait.SpinUntil(() => router.Elsewhere.Takes.Count >= count, Patience));
        return [.. router.Elsewhere.Takes];
    }

    private sealed class ElsewhereRouter(LocalQueues queues) : IQueueRouter
    {
        private readonly EngineRouter _engine = new(queues);

        public ElsewhereQueue Elsewhere { get; } = new();

        public volatile bool HasMoved;

        public volatile bool IsForgotten; // The way to it: it has to be looked up.
        public volatile bool WasOtherAskedFor; // A queue that is here all the time.

        public int DoneCount;

        public ICommitLog Commits => _engine.Commits;

        public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
        {
            WasOtherAskedFor |= name.SequenceEqual("other"u8);
            queue = HasMoved || name.SequenceEqual("other"u8) ? queues.Open(QueueName.Parse(name))
                : IsForgotten ? null
                : Elsewhere;
            return queue is not null;
        }

        public ValueTask<IQueue?> FindAsync(QueueName name) => _engine.FindAsync(name);

        public ValueTask<IQueue> FindForWaitAsync(QueueName name) => _engine.FindForWaitAsync(name);

        public ValueTask<IQueue> OpenAsync(QueueName name) => _engine.OpenAsync(name);

        public ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
            => _engine.AppendToAllAsync(names, draft);

        public ValueTask<Commit> DeleteAsync(QueueName name)
        {
            DoneCount++;
            return _engine.DeleteAsync(name);
        }

        public ValueTask<long> DropExpiredAsync(QueueName? name)
        {
            DoneCount++;
            return _engine.DropExpiredAsync(name);
        }

        public ValueTask<Commit> PurgeAllAsync()
        {
            DoneCount++;
            return _engine.PurgeAllAsync();
        }

        public ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope)
            => _engine.GetStatsAsync(name, scope);
    }

    private sealed class ElsewhereQueue(CursorName? cursor = null) : IQueueCursor
    {
        public ConcurrentQueue<TaskCompletionSource<AppendResult>> UnderWay { get; } = new();

        public QueueName Name { get; } = QueueName.Parse("q");

        public ReadOnlyMemory<byte> Address => cursor?.AddressIn(Name) ?? Name.Utf8;

        public bool TakesInPipelines => true;

        public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        {
            var append = new TaskCompletionSource<AppendResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            UnderWay.Enqueue(append);
            return new(append.Task);
        }

        public ConcurrentQueue<TaskCompletionSource<TakeResult>> Takes { get; init; } = new();

        public ConcurrentQueue<long> Closed { get; } = new();

        public ConcurrentQueue<long> Aborted { get; } = new();

        public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
        {
            var take = new TaskCompletionSource<TakeResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            Takes.Enqueue(take);
            return new(take.Task);
        }

        public void CancelWait(SessionId session)
        {
        }

        public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
        {
            Closed.Enqueue(sequence);
            return default;
        }

        public ValueTask AbortAsync(SessionId session, long sequence)
        {
            Aborted.Enqueue(sequence);
            return default;
        }

        public ValueTask ReturnAsync(SessionId session, long sequence) => AbortAsync(session, sequence);

        public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease) => default;

        public ValueTask<Commit> PurgeAsync() => default;

        public ValueTask<Commit> DropAsync() => default;

        public IQueueCursor OpenCursor(CursorName name) => new ElsewhereQueue(name) { Takes = Takes };
    }
}
