using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Storage.Tests;

/// <summary>What every store keeps of a queue that came from another one.</summary>
public abstract class MovedQueueContract(TestedStore tested) : IDisposable
{
    private static readonly QueueName Work = QueueName.Parse("work");

    private static readonly CursorName Cursor = CursorName.Parse("c");

    private IQueueStore Store => tested.Store;

    [Fact]
    public async Task A_queue_from_another_store_is_found_whole_after_a_reopen()
    {
        using var origin = new MemoryQueueStore();
        var move = Guid.NewGuid();
        using (var source = Open(origin))
        using (var target = Open(Store))
        {
            var queue = source.Open(Work);
            await FillAsync(source, queue);
            await WaitAsync(target, target.BeginArrival(move, Work, origin.Id, createdAt: 7));
            queue.TryHoldStill(TimeSpan.FromMinutes(1));
            await WaitAsync(target, target.AddArrivals(move, queue.ReadForMove(1, 11, long.MaxValue, out _)));
            await WaitAsync(target, target.AddExtras(
                move, queue.GetDelayedState(), queue.ReadDelayedForMove(default, long.MaxValue),
                queue.ReadIdsForMove(0), queue.GetDeliveries()));
            await WaitAsync(target, target.CompleteArrival(move, queue.Seal()));
            await WaitAsync(source, source.Depart(move, queue, Store.Id));
            await WaitAsync(target, target.Adopt(move));
            await WaitAsync(source, source.FinishDeparture(move));
            await WaitAsync(target, target.EndArrival(move));
            Assert.Null(source.Find(Work));
        }

        tested.Reopen();
        using var found = Open(Store);
        Assert.Empty(found.Moves);
        var stats = found.GetStats(Work).Single();
        Assert.Equal((8, 24, 10), (stats.ItemCount, stats.ItemBytes, stats.AppendedCount));
        var cursor = await found.Find(Work)!.OpenCursor(Cursor)
            .TakeAsync(new SessionId(1, 1), TakeMode.Open, TimeSpan.Zero);
        Assert.Equal("003", Encoding.ASCII.GetString(cursor.Item.Payload));
        foreach (var expected in (string[])["000", "003", "004", "005", "006", "007", "008", "009"])
        {
            var taken = await found.Find(Work)!.TakeAsync(new SessionId(1, 1), TakeMode.Open, TimeSpan.Zero);
            Assert.Equal(expected, Encoding.ASCII.GetString(taken.Item.Payload));
        }

        Assert.Equal((1, 5), (stats.DelayedCount, stats.DelayedBytes));
        var again = await found.Find(Work)!.AppendAsync(
            new ItemDraft(default, Flags: 7, ExpiresAt: 0, MustSync: false) { Id = "once"u8.ToArray() });
        Assert.Equal(AppendStatus.Duplicate, again.Status);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => tested.Dispose();

    private static LocalQueues Open(IQueueStore store)
        => new(store, new EngineOptions(), new StorageOptions(), TimeProvider.System, NullLogger<LocalQueues>.Instance);

    /// <summary>Ten items, of which the second and third are closed, and the first for a cursor; and a delayed one with
    /// an id.</summary>
    private static async Task FillAsync(LocalQueues queues, Queue queue)
    {
        Commit last = default;
        for (var i = 0; i < 10; i++)
        {
            var payload = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes($"{i:000}"));
            last = (await queue.AppendAsync(new ItemDraft(payload, Flags: 7, ExpiresAt: 0, MustSync: false))).Commit;
        }

        for (var session = 1; session <= 3; session++)
        {
            await queue.TakeAsync(new SessionId(1, session), TakeMode.Open, TimeSpan.Zero);
        }

        await queue.CloseAsync(new SessionId(1, 2), 2);
        await queue.CloseAsync(new SessionId(1, 3), 3);
        var cursor = queue.OpenCursor(Cursor);
        await cursor.TakeAsync(new SessionId(1, 1), TakeMode.Open, TimeSpan.Zero);
        await cursor.CloseAsync(new SessionId(1, 1), 1);
        last = (await queue.AppendAsync(
            new ItemDraft(new ReadOnlySequence<byte>("later"u8.ToArray()), Flags: 7, ExpiresAt: 0, MustSync: false)
            {
                Delay = TimeSpan.FromDays(1),
                Id = "once"u8.ToArray(),
            })).Commit;
        await WaitAsync(queues, last);
    }

    private static async Task WaitAsync(LocalQueues queues, Commit commit)
    {
        var waiting = new Waiting();
        queues.Commits.Request(commit);
        queues.Commits.Notify(commit, waiting);
        await waiting.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(queues.Commits.IsDone(commit));
    }

    private sealed class Waiting()
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }
}

public sealed class RocksMovedQueueContract() : MovedQueueContract(new TestedRocksStore(packsAll: false));

public sealed class PackingRocksMovedQueueContract() : MovedQueueContract(new TestedRocksStore(packsAll: true));

public sealed class MemoryMovedQueueContract() : MovedQueueContract(new TestedMemoryStore());
