using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Testing.Stores;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What must hold on either way to a queue.</summary>
public sealed class QueueRouterTests
{
    private static readonly QueueName Work = QueueName.Parse("work");

    public static TheoryData<QueueRoute> Routes => [QueueRoute.Direct, QueueRoute.Grain];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_queue_is_a_strict_fifo_with_reliable_reads(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);
        var queue = await silo.OpenAsync("work");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(AppendStatus.Stored, (await queue.AppendAsync(Draft($"{i}"))).Status);
        }

        var opened = await queue.TakeAsync(Session(1), TakeMode.Open, TimeSpan.Zero);
        var aborted = await queue.TakeAsync(Session(2), TakeMode.Open, TimeSpan.Zero);
        await queue.CloseAsync(Session(1), opened.Item.Sequence);
        await queue.AbortAsync(Session(2), aborted.Item.Sequence);

        Assert.Equal(("0", "1"), (opened.Text(), aborted.Text()));
        Assert.Equal("1", (await queue.TakeAsync(Session(3), TakeMode.Peek, TimeSpan.Zero)).Text());
        Assert.Equal("1", (await queue.TakeAsync(Session(3), TakeMode.Plain, TimeSpan.Zero)).Text());
        await queue.PurgeAsync();
        Assert.Equal("Empty", (await queue.TakeAsync(Session(3), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Looking_for_a_queue_creates_nothing(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);

        Assert.Null(await silo.Router.FindAsync(Work));

        Assert.False(silo.Router.TryGetResolved("work"u8, out _));
        Assert.Null(await silo.Directory("work").FindAsync());
        Assert.Empty((await silo.Router.GetStatsAsync(name: null, StatsScope.Cluster)).Queues);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_set_has_a_durable_home_record_before_it_is_stored(QueueRoute route)
    {
        using var store = new MemoryQueueStore();
        await using (var silo = await TestSilo.StartAsync(store, route))
        {
            await silo.OpenAsync("work");
        }

        using var afterPowerCut = store.Crash();
        await using var restarted = await TestSilo.StartAsync(afterPowerCut, route);

        Assert.NotNull(await restarted.Directory("work").FindAsync());
        Assert.Null(await restarted.Router.FindAsync(Work));
        Assert.Equal(AppendStatus.Stored, (await (await restarted.OpenAsync("work")).AppendAsync(Draft("one"))).Status);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Concurrent_first_opens_find_one_queue(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);

        var opened = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => silo.Router.OpenAsync(Work).AsTask()));

        Assert.True(silo.Router.TryGetResolved("work"u8, out var resolved));
        Assert.All(opened, queue => Assert.Same(resolved, queue));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_deleted_queue_is_gone_for_those_who_hold_it_and_empty_when_made_again(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);
        var held = await silo.OpenAsync("work");
        await held.AppendAsync(Draft("old"));

        await silo.Router.DeleteAsync(Work);
        await silo.Router.DeleteAsync(Work);

        Assert.Equal(AppendStatus.Gone, (await held.AppendAsync(Draft("lost"))).Status);
        Assert.Equal(TakeStatus.Gone, (await held.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.Zero)).Status);
        Assert.False(silo.Router.TryGetResolved("work"u8, out _));
        Assert.Null(await silo.Router.FindAsync(Work));
        Assert.Null(await silo.Directory("work").FindAsync());

        var anew = await silo.OpenAsync("work");
        await anew.AppendAsync(Draft("new"));
        Assert.Equal("new", (await anew.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    /// <remarks>
    /// Goal: whatever is cut off between the steps of a deletion, items never come back and nothing is stranded.
    /// Method: hold the sync that follows the queue's end, cut the power there, and look at what a restart finds.
    /// </remarks>
    [Fact]
    public async Task A_deletion_cut_short_can_be_finished()
    {
        using var store = new MemoryQueueStore();
        var silo = await TestSilo.StartAsync(store);
        await AppendSafelyAsync(silo, "old");
        var gate = store.BlockNextSync();
        var deletion = silo.Router.DeleteAsync(Work).AsTask();
        await gate.Reached;
        using var afterPowerCut = store.Crash();
        gate.Open();
        await Assert.ThrowsAsync<SiberiteException>(() => deletion);
        await silo.StopAsync();

        await using var restarted = await TestSilo.StartAsync(afterPowerCut);
        await restarted.Router.DeleteAsync(Work);

        Assert.Null(await restarted.Router.FindAsync(Work));
        Assert.Null(await restarted.Directory("work").FindAsync());
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_full_silo_refuses_new_queues_and_records_nothing(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route, maxQueues: 1);
        await (await silo.OpenAsync("first")).AppendAsync(Draft("one"));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await silo.OpenAsync("second"));

        Assert.Equal(SiberiteError.TooManyQueues, refusal.Error);
        Assert.Null(await silo.Directory("second").FindAsync());
        Assert.Same(await silo.OpenAsync("first"), await silo.OpenAsync("first"));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task An_item_is_appended_to_all_queues_of_a_set(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);
        QueueName[] names = [QueueName.Parse("b"), QueueName.Parse("a")];

        var result = await silo.Router.AppendToAllAsync(names, Draft("one"));

        Assert.Equal(AppendStatus.Stored, result.Status);
        foreach (var name in names)
        {
            var queue = await silo.Router.FindAsync(name);
            Assert.NotNull(queue);
            Assert.Equal("one", (await queue.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.Zero)).Text());
            Assert.NotNull(await silo.Directory(name.Value).FindAsync());
        }
    }

    /// <remarks>The engine lets go of a queue that is opened and never appended to.</remarks>
    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_queue_that_stayed_empty_is_found_again_by_the_next_open(QueueRoute route)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route, engineTime: time);
        var stale = await silo.OpenAsync("work");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(AppendStatus.Gone, (await stale.AppendAsync(Draft("lost"))).Status);

        var queue = await silo.OpenAsync("work");

        Assert.Equal(AppendStatus.Stored, (await queue.AppendAsync(Draft("one"))).Status);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_wait_for_a_queue_that_does_not_exist_gets_its_first_item(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(
            new MemoryQueueStore(), route, waitSlice: TimeSpan.FromMilliseconds(20));
        var queue = await silo.Router.FindForWaitAsync(Work);
        var waiting = queue.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask();
        Assert.False(silo.Router.TryGetResolved("work"u8, out _));
        Assert.Null(await silo.Directory("work").FindAsync());

        AppendResult append;
        do
        {
            append = await (await silo.OpenAsync("work")).AppendAsync(Draft("one"));
        }
        while (append.Status == AppendStatus.Gone); // Its way to the home may be the one that found no queue.

        Assert.Equal(AppendStatus.Stored, append.Status);
        Assert.Equal("one", (await waiting).Text());
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_cancelled_wait_takes_no_item(QueueRoute route)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), route);
        var queue = await silo.OpenAsync("work");
        var waiting = queue.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.FromMinutes(1)).AsTask();

        queue.CancelWait(Session(1));

        Assert.Equal(TakeStatus.Empty, (await waiting).Status);
        await queue.AppendAsync(Draft("one"));
        Assert.Equal("one", (await queue.TakeAsync(Session(2), TakeMode.Plain, TimeSpan.Zero)).Text());
    }

    [Fact]
    public async Task A_lost_activation_loses_nothing()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), QueueRoute.Grain);
        var queue = await silo.OpenAsync("work");
        await queue.AppendAsync(Draft("one"));
        await queue.AppendAsync(Draft("two"));
        var opened = await queue.TakeAsync(Session(1), TakeMode.Open, TimeSpan.Zero);

        await silo.DeactivateAllAsync();
        Assert.Equal("two", (await queue.TakeAsync(Session(2), TakeMode.Peek, TimeSpan.Zero)).Text());
        await queue.CloseAsync(Session(1), opened.Item.Sequence);

        var stats = Assert.Single((await silo.Router.GetStatsAsync(Work, StatsScope.Silo)).Queues);
        Assert.Equal((1, 0, 1), (stats.ItemCount, stats.OpenReadCount, stats.ClosedCount));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("audit")]
    public async Task What_a_session_was_sent_is_closed_before_its_next_command(string? cursor)
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), QueueRoute.Grain);
        var queue = await silo.OpenAsync("work");
        var reader = cursor is null ? queue : queue.OpenCursor(CursorName.Parse(cursor));
        for (var i = 0; i < 4; i++)
        {
            await queue.AppendAsync(Draft($"{i}"));
        }

        for (var i = 0; i < 3; i++)
        {
            reader.CloseSent(
                Session(1), (await reader.TakeAsync(Session(1), TakeMode.Plain, TimeSpan.Zero)).Item.Sequence);
        }

        Assert.Equal("3", (await reader.TakeAsync(Session(1), TakeMode.Peek, TimeSpan.Zero)).Text());
        var stats = Assert.Single((await silo.Router.GetStatsAsync(Work, StatsScope.Silo)).Queues);
        var (items, open) = cursor is null
            ? (stats.ItemCount, stats.OpenReadCount)
            : (stats.Cursors[0].ItemCount, stats.Cursors[0].OpenReadCount);
        Assert.Equal((1, 0), (items, open));
    }

    [Fact]
    public async Task An_activation_lost_before_the_first_append_only_costs_another_open()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore(), QueueRoute.Grain);
        var stale = await silo.OpenAsync("work");
        await silo.DeactivateAllAsync();

        Assert.Equal(AppendStatus.Gone, (await stale.AppendAsync(Draft("lost"))).Status);
        Assert.False(silo.Router.TryGetResolved("work"u8, out _));

        Assert.Equal(AppendStatus.Stored, (await (await silo.OpenAsync("work")).AppendAsync(Draft("one"))).Status);
    }

    private static async Task AppendSafelyAsync(TestSilo silo, string payload)
    {
        var result = await (await silo.OpenAsync("work")).AppendAsync(Draft(payload));
        await silo.Queues.Commits.WaitAsync(result.Commit);
    }
}
