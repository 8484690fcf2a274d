using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Open reads that end without a close: counts, dead letters, retries, leases.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public void An_item_that_was_opened_too_often_in_vain_goes_to_the_dead_letter_queue()
    {
        using var engine = With(options => options.MaxDeliveries = 2);
        engine.Append("q", "poison", "next");
        Fail(engine);
        Assert.Null(engine.Take("q_errors"));
        Fail(engine);

        Assert.Equal("next", engine.Take("q"));
        Assert.Null(engine.Take("q"));
        Assert.Equal("poison", engine.Take("q_errors"));
        Assert.Equal((2, 1), (engine.Stats("q").FailedCount, engine.Stats("q").DeadLetterCount));
    }

    [Fact]
    public void An_abort_does_not_count_and_a_close_ends_the_count()
    {
        using var engine = With(options => options.MaxDeliveries = 2);
        engine.Append("q", "item");
        for (var i = 0; i < 5; i++)
        {
            engine.Abort("q", engine.TakeItem("q").Sequence);
            engine.Background.RunAll();
        }

        Fail(engine);
        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Commit();

        Assert.Null(engine.Take("q_errors"));
        Assert.Null(engine.Store.ReadExtras(queueId: 1).Deliveries);
    }

    [Fact]
    public void Crashes_count_without_a_write_at_the_crash()
    {
        using var engine = With(options => options.MaxDeliveries = 3);
        engine.Append("q", "poison", "next");
        for (var i = 0; i < 3; i++)
        {
            var taken = engine.Settle(engine["q"].TakeAsync(Engine.Session(1), TakeMode.Open, TimeSpan.Zero));
            Assert.Equal("poison", Engine.Text(taken));
            engine.Queues.Commits.Request(taken.Commit); // What the reply waits for.
            engine.Background.RunAll();
            Assert.True(engine.Queues.Commits.IsDone(taken.Commit));
            engine.Kill();
        }

        Assert.Equal("next", engine.Take("q"));
        engine.Background.RunAll();
        Assert.Equal("poison", engine.Take("q_errors"));
    }

    /// <remarks>
    /// Goal: an item on its way to the dead-letter queue is in exactly one of both, wherever a kill finds it.
    /// Method: kill after each step, before and after each write, and take everything from both.
    /// </remarks>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void A_kill_on_the_way_leaves_it_in_one_of_both(int steps, bool hasLeft)
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        engine.Append("q", "poison");
        engine.Commit();
        var sequence = 0L;
        Action[] story =
        [
            () =>
            {
                var taken = engine.Settle(engine["q"].TakeAsync(Engine.Session(1), TakeMode.Open, TimeSpan.Zero));
                sequence = taken.Item.Sequence;
            },
            () =>
            {
                engine.Lose("q", sequence);
                engine.Background.RunAll();
                engine.Commit();
            },
            engine.Commit,
        ];
        foreach (var step in story.Take(steps))
        {
            step();
        }

        engine.Kill();
        engine.Tell("q", options => options.MaxDeliveries = 0);

        Assert.Equal(hasLeft ? [] : ["poison"], DelayTests.Drain(engine));
        Assert.Equal(hasLeft ? ["poison"] : [], DelayTests.Drain(engine, "q_errors"));
    }

    /// <remarks>A place that is written with a batch sealed before must not tell of a close whose other half is in a
    /// later batch.</remarks>
    [Fact]
    public void The_close_is_never_on_disk_before_the_append()
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        engine.Append("q", "first", "poison");
        engine.Commit();
        engine.Close("q", engine.TakeItem("q").Sequence); // The place is due with the open batch.
        var item = engine.TakeItem("q");
        engine.Store.BeforeNextWrite = () =>
        {
            // While a batch is on its way: the pass must not change the place it may still carry.
            engine.Lose("q", item.Sequence);
        };
        engine.Queues.CommitNow();
        engine.Background.RunAll();
        engine.Kill();
        engine.Tell("q", options => options.MaxDeliveries = 0);

        Assert.Equal(
            ["poison"], [.. DelayTests.Drain(engine), .. DelayTests.Drain(engine, "q_errors")]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("q")]
    public void Without_another_queue_to_go_to_it_stays(string target)
    {
        using var engine = With(options => (options.MaxDeliveries, options.DeadLetterQueue) = (1, target));
        engine.Append("q", "poison");
        for (var i = 0; i < 5; i++)
        {
            Fail(engine);
        }

        Assert.Equal("poison", engine.Take("q"));
    }

    [Fact]
    public void A_dead_letter_queue_has_none_of_its_own_by_default()
    {
        using var engine = new Engine();
        engine.Tell("*", options => options.MaxDeliveries = 1);
        engine.Append("q_errors", "poison");
        Fail(engine, "q_errors");
        Fail(engine, "q_errors");

        Assert.Equal("poison", engine.Take("q_errors"));
        Assert.Null(engine.Take("q_errors_errors"));
    }

    [Fact]
    public void A_large_item_is_read_back_to_leave()
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        var large = new string('x', 10_000);
        engine.Append("q", large);
        engine.Commit();
        Fail(engine);
        engine.Commit();

        Assert.Equal(large, engine.Take("q_errors"));
    }

    [Fact]
    public void A_purge_takes_what_is_on_its_way_too()
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        engine.Append("q", "poison");
        var item = engine.TakeItem("q");
        engine.Lose("q", item.Sequence);
        engine["q"].Purge();
        engine.Background.RunAll();
        engine.Append("q", "after");

        Assert.Equal(["after"], DelayTests.Drain(engine));
        Assert.Empty(DelayTests.Drain(engine, "q_errors"));
    }

    [Fact]
    public void What_cannot_leave_is_tried_again()
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        engine.Append("q", "poison");
        engine.Store.HasRoom = false;
        Fail(engine);
        Assert.Null(engine.Take("q"));

        engine.Store.HasRoom = true;
        DelayTests.Pass(engine, 1_000);

        Assert.Equal("poison", engine.Take("q_errors"));
    }

    [Fact]
    public void A_retry_comes_back_at_the_tail_after_ever_longer_times()
    {
        using var engine = With(options => (options.RetryDelay, options.RetryMaxDelay)
            = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)));
        engine.Append("q", "poison");
        foreach (var seconds in (int[])[1, 2, 3, 3])
        {
            Fail(engine);
            engine.Append("q", "next");
            DelayTests.Pass(engine, (1_000 * seconds) - 1);
            Assert.Equal("next", engine.Take("q"));
            Assert.Null(engine.Take("q"));
            DelayTests.Pass(engine, 1);
        }

        Assert.Equal("poison", engine.Take("q"));
        Assert.Equal(4, engine.Stats("q").RetriedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Retries_count_towards_the_dead_letter_queue(bool isKilled)
    {
        using var engine = With(options => (options.RetryDelay, options.MaxDeliveries) = (TimeSpan.FromSeconds(1), 3));
        engine.Append("q", "poison");
        for (var i = 0; i < 3; i++)
        {
            Fail(engine);
            engine.Commit();
            if (isKilled)
            {
                engine.Kill();
            }

            DelayTests.Pass(engine, 10_000);
        }

        Assert.Null(engine.Take("q"));
        Assert.Equal("poison", engine.Take("q_errors"));
    }

    [Fact]
    public void A_lease_that_runs_out_gives_the_item_to_who_waits_and_counts()
    {
        using var engine = With(options
            => (options.OpenReadTimeout, options.MaxDeliveries) = (TimeSpan.FromSeconds(1), 2));
        engine.Append("q", "item");
        var first = engine.TakeItem("q", session: 1);
        var wait = engine["q"].TakeAsync(Engine.Session(2), TakeMode.Open, TimeSpan.FromMinutes(1)).AsTask();

        DelayTests.Pass(engine, 999);
        Assert.False(wait.IsCompleted);
        DelayTests.Pass(engine, 1);
        Assert.Equal("item", Engine.Text(engine.Settle(new(wait))));

        engine.Close("q", first.Sequence, session: 1); // Not its own any more.
        DelayTests.Pass(engine, 1_000);
        Assert.Null(engine.Take("q"));
        Assert.Equal("item", engine.Take("q_errors"));
        Assert.Equal(2, engine.Stats("q").FailedCount);
    }

    [Fact]
    public async Task A_touch_extends_a_lease_and_shortens_none()
    {
        using var engine = With(options => options.OpenReadTimeout = TimeSpan.FromSeconds(1));
        engine.Append("q", "item");
        var item = engine.TakeItem("q");
        Assert.False(await engine["q"].TouchAsync(Engine.Session(2), item.Sequence, TimeSpan.FromSeconds(5)));
        Assert.True(await engine["q"].TouchAsync(Engine.Session(1), item.Sequence, TimeSpan.FromSeconds(5)));
        Assert.True(await engine["q"].TouchAsync(Engine.Session(1), item.Sequence, TimeSpan.FromSeconds(1)));

        DelayTests.Pass(engine, 1_000);
        DelayTests.Pass(engine, 3_999);
        Assert.Null(engine.Take("q", session: 2));
        DelayTests.Pass(engine, 1);
        Assert.Equal("item", engine.Take("q", session: 2));
        Assert.False(await engine["q"].TouchAsync(Engine.Session(1), item.Sequence, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Queues_that_are_not_told_to_count_write_nothing()
    {
        using var engine = new Engine();
        engine.Append("q", "item");
        engine.Commit();
        var writes = engine.Store.WriteCount;
        var item = engine.TakeItem("q");
        engine.Lose("q", item.Sequence);
        engine.Commit();

        Assert.Equal(writes, engine.Store.WriteCount);
        Assert.Equal(0, engine.Queues.AlarmCount);
        Assert.Equal("item", engine.Take("q"));
    }

    [Fact]
    public void What_leaves_a_queue_that_stands_still_waits_until_it_goes_on()
    {
        using var engine = With(options => options.MaxDeliveries = 1);
        engine.Append("q", "poison");
        engine.Commit();
        var item = engine.TakeItem("q");
        engine["q"].TryHoldStill(TimeSpan.FromMinutes(1));
        engine.Lose("q", item.Sequence);
        engine.Background.RunAll();
        Assert.Null(engine.Take("q_errors"));

        engine["q"].LetGo();
        engine.Background.RunAll();

        Assert.Equal("poison", engine.Take("q_errors"));
    }

    private static Engine With(Action<QueueOptions> tell)
    {
        var engine = new Engine();
        engine.Tell("q", tell);
        return engine;
    }

    private static void Fail(Engine engine, string queue = "q")
    {
        var item = engine.TakeItem(queue);
        Assert.NotEqual(0, item.Sequence);
        engine.Lose(queue, item.Sequence);
        engine.Background.RunAll();
    }
}
