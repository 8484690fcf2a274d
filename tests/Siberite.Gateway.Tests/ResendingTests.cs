using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Gateway.Tests;

/// <summary>Sets that are under way when their queue is gone from where they were sent.</summary>
public sealed class ResendingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <remarks>
    /// Goal: a set is never answered <c>STORED</c> because its queue was gone, and a session's sets keep their order
    /// when they are sent again, whatever the order in which they come back.
    /// Method: three sets in a pipeline go to a queue elsewhere, which then says, last one first, that it is gone; a
    /// fourth set comes while the others are under way and the name means the new queue already.
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
        await client.SendAsync("set q 0 0 1\r\n4\r\n");
        Assert.False(client.HasReply());
        foreach (var append in underWay.Reverse())
        {
            append.SetResult(new AppendResult(AppendStatus.Gone, default));
        }

        await client.ExpectAsync("STORED\r\nSTORED\r\nSTORED\r\nSTORED\r\n");
        foreach (var item in (string[])["1", "2", "3", "4"])
        {
            await client.AskAsync("get q\r\n", $"VALUE q 0 1\r\n{item}\r\nEND\r\n");
        }
    }

    private sealed class ElsewhereRouter(LocalQueues queues) : IQueueRouter
    {
        private readonly EngineRouter _engine = new(queues);

        public ElsewhereQueue Elsewhere { get; } = new();

        public volatile bool HasMoved;

        public ICommitLog Commits => _engine.Commits;

        public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
        {
            queue = HasMoved ? queues.Open(QueueName.Parse(name)) : Elsewhere;
            return true;
        }

        public ValueTask<IQueue?> FindAsync(QueueName name) => _engine.FindAsync(name);

        public ValueTask<IQueue> FindForWaitAsync(QueueName name) => _engine.FindForWaitAsync(name);

        public ValueTask<IQueue> OpenAsync(QueueName name) => _engine.OpenAsync(name);

        public ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
            => _engine.AppendToAllAsync(names, draft);

        public ValueTask<Commit> DeleteAsync(QueueName name) => _engine.DeleteAsync(name);

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

        public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
            => new(new TakeResult(TakeStatus.Gone, default, default));

        public void CancelWait(SessionId session)
        {
        }

        public ValueTask<Commit> CloseAsync(SessionId session, long sequence) => default;

        public ValueTask AbortAsync(SessionId session, long sequence) => default;

        public ValueTask<Commit> PurgeAsync() => default;

        public IQueueCursor OpenCursor(CursorName cursor) => throw new NotSupportedException();
    }
}
