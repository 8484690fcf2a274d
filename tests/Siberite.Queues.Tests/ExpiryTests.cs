using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Items and queues whose time is over.</summary>
public sealed class ExpiryTests
{
    [Fact]
    public void Expired_items_go_although_nobody_touches_the_queue()
    {
        using var engine = new Engine();
        Append(engine, "a", 1_000);
        Append(engine, "b", 2_000);
        engine.Append("q", "c");

        DelayTests.Pass(engine, 1_000);
        Assert.Equal((2, 1), (engine.Stats("q").ItemCount, engine.Stats("q").ExpiredCount));
        DelayTests.Pass(engine, 1_000);
        Assert.Equal((1, 2), (engine.Stats("q").ItemCount, engine.Stats("q").ExpiredCount));
        DelayTests.Pass(engine, 100_000);
        Assert.Equal(["c"], DelayTests.Drain(engine));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    public void The_heads_of_a_store_are_looked_up_after_a_start(long cacheBytes)
    {
        using var engine = new Engine(cacheBytes: cacheBytes);
        Append(engine, "a", 60_000);
        Append(engine, "b", 60_000);
        engine.Commit();
        engine.Kill();
        engine.Queues.Sweep();
        Assert.Equal(1, engine.Queues.AlarmCount);

        DelayTests.Pass(engine, 60_000);

        Assert.Equal((0, 2), (engine.Stats("q").ItemCount, engine.Stats("q").ExpiredCount));
    }

    [Fact]
    public void A_greatest_age_counts_for_items_that_are_there_already()
    {
        using var engine = new Engine();
        Append(engine, "a", 500_000);
        engine.Append("q", "b");
        engine.Time.Advance(TimeSpan.FromSeconds(10));
        engine.Tell("q", options => options.MaxAge = TimeSpan.FromSeconds(15));
        engine.Append("q", "c");
        engine.Queues.Sweep();

        DelayTests.Pass(engine, 4_999);
        Assert.Equal(3, engine.Stats("q").ItemCount);
        DelayTests.Pass(engine, 1);
        Assert.Equal(["c"], DelayTests.Drain(engine));
    }

    [Fact]
    public void Expired_items_go_to_the_queue_they_expire_to_without_an_expiry()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.ExpireToQueue = "after-*");
        Append(engine, "a", 1_000);
        Append(engine, "b", 1_000);

        DelayTests.Pass(engine, 1_000);
        DelayTests.Pass(engine, 100_000);

        Assert.Equal(["a", "b"], DelayTests.Drain(engine, "after-q"));
        Assert.Empty(DelayTests.Drain(engine));
    }

    /// <remarks>Goal: an item is in one of both queues. Method: kill before and after each write on its way.</remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_kill_on_the_way_leaves_it_in_one_of_both(bool isWritten)
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.ExpireToQueue = "after-*");
        Append(engine, "a", 1_000);
        engine.Commit();
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        engine.Background.RunAll();
        if (isWritten)
        {
            engine.Commit();
        }

        engine.Kill();
        Assert.Equal(isWritten ? 0 : 1, engine.Stats("q").ItemCount);
        engine.Queues.Sweep();
        DelayTests.Pass(engine, 1);
        Assert.Equal(["a"], DelayTests.Drain(engine, "after-q"));
    }

    [Fact]
    public void Sweeps_that_may_take_few_go_on_until_none_is_left()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.MaxExpireSweep = 3);
        for (var i = 0; i < 10; i++)
        {
            Append(engine, $"{i}", 1_000);
        }

        for (var i = 0; i < 4; i++)
        {
            DelayTests.Pass(engine, i == 0 ? 1_000 : 1);
        }

        Assert.Equal(10, engine.Stats("q").ExpiredCount);
    }

    [Fact]
    public async Task A_command_drops_expired_items_and_counts_them()
    {
        using var engine = new Engine();
        for (var i = 0; i < 5; i++)
        {
            Append(engine, $"{i}", -1);
        }

        engine["other"].Append(Engine.Draft("x", expiresAt: 1));
        Assert.Equal(5, await engine.Queues.DropExpiredAsync(QueueName.Parse("q")));
        Assert.Equal(1, await engine.Queues.DropExpiredAsync(name: null));
        Assert.Equal(0, await engine.Queues.DropExpiredAsync(QueueName.Parse("unknown")));
    }

    [Fact]
    public void An_item_that_comes_back_after_its_time_goes_too()
    {
        using var engine = new Engine();
        Append(engine, "a", 1_000);
        var item = engine.TakeItem("q");
        DelayTests.Pass(engine, 2_000);
        engine.Abort("q", item.Sequence);
        DelayTests.Pass(engine, 1);

        Assert.Equal((0, 1), (engine.Stats("q").ItemCount, engine.Stats("q").ExpiredCount));
    }

    [Fact]
    public void An_empty_queue_that_is_old_enough_is_deleted_and_one_with_items_is_not()
    {
        using var engine = new Engine();
        engine.Tell("*", options => options.MaxQueueAge = TimeSpan.FromHours(1));
        IReadOnlyList<QueueName> outlived = [];
        engine.Queues.Outlived = names => outlived = names;
        engine.Append("empty", "1");
        engine.Close("empty", engine.TakeItem("empty").Sequence);
        engine.Append("full", "1");
        engine.Append("open", "1");
        engine.TakeItem("open");
        DelayTests.Append(engine, "later", 7_200_000, "delayed");
        engine.Commit();

        engine.Queues.Sweep();
        Assert.Empty(outlived);
        engine.Time.Advance(TimeSpan.FromHours(1));
        engine.Queues.Sweep();
        Assert.Equal(["empty"], outlived.Select(name => name.Value));
        foreach (var name in engine.Queues.Names)
        {
            engine.Queues.DropIfOutlived(name);
        }

        Assert.Equal(["delayed", "full", "open"], engine.Queues.Names.Select(name => name.Value).Order());
    }

    /// <remarks>The cost of expiry must not grow with queues that have nothing to do with it.</remarks>
    [Fact]
    public void Queues_whose_items_do_not_expire_have_no_alarms_and_are_read_once()
    {
        using var engine = new Engine();
        for (var i = 0; i < 50; i++)
        {
            engine.Append($"q{i}", "x");
        }

        engine.Commit();
        engine.Kill();
        engine.Queues.Sweep();
        var reads = engine.Store.ReadCount;
        Assert.InRange(reads, 1, 50);
        for (var i = 0; i < 10; i++)
        {
            engine.Queues.Sweep();
        }

        Assert.Equal(reads, engine.Store.ReadCount);
        Assert.Equal(0, engine.Queues.AlarmCount);
    }

    private static void Append(Engine engine, string payload, long expiryMilliseconds)
        => engine["q"].Append(Engine.Draft(
            payload, engine.Time.GetUtcNow().AddMilliseconds(expiryMilliseconds).ToUnixTimeMilliseconds()));
}
