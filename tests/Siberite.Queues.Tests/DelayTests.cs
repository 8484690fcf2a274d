using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Items that are not due yet.</summary>
public sealed class DelayTests
{
    [Fact]
    public void A_delayed_item_is_served_when_it_is_due_and_not_before()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Append("q", "now");
        Assert.Equal((1, 1, 5), (engine.Stats("q").ItemCount, engine.Stats("q").DelayedCount,
            engine.Stats("q").DelayedBytes));
        Assert.Equal("now", engine.Take("q"));

        Pass(engine, 999);
        Assert.Null(engine.Take("q"));
        Pass(engine, 1);
        Assert.Equal("later", engine.Take("q"));
        Assert.Equal(0, engine.Stats("q").DelayedCount);
    }

    [Fact]
    public void Items_go_to_the_tail_in_the_order_in_which_they_are_due()
    {
        using var engine = new Engine();
        Append(engine, "c", 300);
        Append(engine, "a", 100);
        Append(engine, "b1", 200);
        Append(engine, "b2", 200);

        Pass(engine, 300);
        engine.Append("q", "d");

        Assert.Equal(["a", "b1", "b2", "c", "d"], Drain(engine));
    }

    [Fact]
    public void Who_waits_is_served_when_an_item_is_due()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        var wait = engine["q"].TakeAsync(Engine.Session(2), TakeMode.Open, TimeSpan.FromSeconds(5)).AsTask();

        Pass(engine, 1_000);

        Assert.True(wait.IsCompleted);
        Assert.Equal("later", Engine.Text(engine.Settle(new(wait))));
    }

    /// <remarks>
    /// Goal: nothing of a delayed item is lost or doubled, wherever a kill finds it.
    /// Method: kill after each step from its set to its close, and compare what is served then.
    /// </remarks>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 1)]
    [InlineData(6, 0)]
    public void A_kill_at_any_step_leaves_it_once(int steps, int expected)
    {
        using var engine = new Engine();
        var sequence = 0L;
        Action[] story =
        [
            () =>
            {
                Append(engine, "later", 1_000);
                engine.Commit();
            },
            () => engine.Time.Advance(TimeSpan.FromSeconds(1)),
            engine.Background.RunAll, // To the tail, not committed.
            engine.Commit,
            () => sequence = engine.TakeItem("q").Sequence,
            () =>
            {
                engine.Close("q", sequence);
                engine.Commit();
            },
        ];
        foreach (var step in story.Take(steps))
        {
            step();
        }

        engine.Kill();
        Pass(engine, 1_000);

        Assert.Equal(expected, Drain(engine).Length);
        engine.Kill();
        Pass(engine, 1_000);
        Assert.Equal(expected, Drain(engine).Length);
    }

    [Fact]
    public void An_item_that_is_due_before_it_is_written_comes_all_the_same()
    {
        using var engine = new Engine(Durability.Always);
        Append(engine, "later", 1);
        engine.Time.Advance(TimeSpan.FromMilliseconds(1));
        engine.Background.RunAll();
        Assert.Null(engine.Take("q"));

        engine.Commit();

        Assert.Equal("later", engine.Take("q"));
    }

    [Fact]
    public void Many_that_are_due_at_once_come_in_order_a_batch_at_a_time()
    {
        using var engine = new Engine();
        const int Count = 2_500;
        for (var i = 0; i < Count; i++)
        {
            Append(engine, $"{i}", 1_000);
        }

        Pass(engine, 1_000);

        Assert.Equal((Count, 0), (engine.Stats("q").ItemCount, engine.Stats("q").DelayedCount));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), Drain(engine));
        Assert.Equal(0, engine.Store.DelayedCount(queueId: 1));
    }

    /// <remarks>With the clock set back a later set may be due before one that has been moved: what is read then must
    /// not be what was moved already.</remarks>
    [Fact]
    public void A_clock_that_goes_back_doubles_nothing()
    {
        using var engine = new Engine();
        Append(engine, "a", 1_000);
        Append(engine, "b", 1_500);
        Pass(engine, 1_000);
        engine.Time.AdjustTime(engine.Time.GetUtcNow().AddSeconds(-1));
        Append(engine, "c", 100);

        Pass(engine, 5_000);

        Assert.Equal(["a", "c", "b"], Drain(engine));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_purge_and_a_deletion_drop_them(bool isPurge)
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Commit();
        _ = isPurge ? engine["q"].Purge() : engine.Queues.Delete(QueueName.Parse("q"));
        Append(engine, "after", 2_000);
        engine.Commit();
        engine.Kill();

        Assert.Equal(1, engine.Stats("q").DelayedCount);
        Pass(engine, 2_000);
        Assert.Equal(["after"], Drain(engine));
    }

    [Fact]
    public void A_purge_while_they_are_read_drops_them_too()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Commit();
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        engine["q"].Purge();
        engine.Background.RunAll();

        Assert.Null(engine.Take("q"));
        Assert.Equal(0, engine.Stats("q").DelayedCount);
    }

    [Fact]
    public void An_item_that_expires_before_it_is_due_is_dropped()
    {
        using var engine = new Engine();
        var expiresAt = engine.Time.GetUtcNow().AddMilliseconds(500).ToUnixTimeMilliseconds();
        engine["q"].Append(Engine.Draft("late", expiresAt) with { Delay = TimeSpan.FromSeconds(1) });

        Pass(engine, 1_000);

        Assert.Null(engine.Take("q"));
        Assert.Equal(1, engine.Stats("q").ExpiredCount);
    }

    [Fact]
    public void The_queues_own_delay_holds_unless_the_set_has_one()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.Delay = TimeSpan.FromSeconds(1));
        engine.Append("q", "later");
        Append(engine, "now", 0);

        Assert.Equal("now", engine.Take("q"));
        Assert.Null(engine.Take("q"));
        Pass(engine, 1_000);
        Assert.Equal("later", engine.Take("q"));
    }

    [Fact]
    public void They_count_towards_a_queues_limits()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.MaxItems = 2);
        Append(engine, "a", 1_000);
        engine.Append("q", "b");

        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("c")).Status);
        Pass(engine, 1_000);
        Assert.Equal(["b", "a"], Drain(engine));
    }

    [Fact]
    public void A_full_disk_keeps_them_until_there_is_room()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Commit();
        engine.Store.HasRoom = false;
        Pass(engine, 1_000);
        Assert.Null(engine.Take("q"));

        engine.Store.HasRoom = true;
        Pass(engine, 1_000);
        Assert.Equal("later", engine.Take("q"));
    }

    [Fact]
    public void A_read_that_fails_is_tried_again()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Commit();
        engine.Store.CanReadItems = false;
        Pass(engine, 1_000);
        engine.Store.CanReadItems = true;

        Pass(engine, 1_000);

        Assert.Equal("later", engine.Take("q"));
    }

    [Fact]
    public void What_is_due_while_the_queue_stands_still_comes_after_that()
    {
        using var engine = new Engine();
        Append(engine, "later", 1_000);
        engine.Append("q", "now");
        engine.Commit();
        engine["q"].TryHoldStill(TimeSpan.FromMinutes(1));
        Pass(engine, 1_000);
        Assert.Equal(1, engine.Stats("q").DelayedCount);

        engine["q"].LetGo();
        Pass(engine, 1);

        Assert.Equal(["now", "later"], Drain(engine));
    }

    /// <remarks>The plain path and idle queues pay nothing: an alarm stands in line only for queues that have
    /// something to wait for.</remarks>
    [Fact]
    public void Queues_without_delayed_items_have_no_alarms()
    {
        using var engine = new Engine();
        for (var i = 0; i < 100; i++)
        {
            engine.Append($"q{i}", "now");
        }

        Assert.Equal(0, engine.Queues.AlarmCount);
        for (var i = 0; i < 5_000; i++)
        {
            Append(engine, "later", 3_600_000 - i, "busy");
        }

        Assert.InRange(engine.Queues.AlarmCount, 1, 2_100);
    }

    internal static void Append(Engine engine, string payload, long delayMilliseconds, string queue = "q")
        => Assert.Equal(
            AppendStatus.Stored,
            engine[queue].Append(
                Engine.Draft(payload) with { Delay = TimeSpan.FromMilliseconds(delayMilliseconds) }).Status);

    internal static void Pass(Engine engine, long milliseconds)
    {
        engine.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        engine.Background.RunAll();
        engine.Commit();
    }

    internal static string[] Drain(Engine engine, string queue = "q")
    {
        var found = new List<string>();
        while (engine.Take(queue) is { } text)
        {
            found.Add(text);
        }

        return [.. found];
    }
}
