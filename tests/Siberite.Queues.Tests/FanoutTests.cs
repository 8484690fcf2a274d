using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Children of queues: what is appended to a parent is copied to them.</summary>
public sealed class FanoutTests
{
    [Fact]
    public void A_copy_is_there_after_a_crash_if_and_only_if_the_parents_item_is()
    {
        using var engine = Start();
        engine.Append("a", "before");
        _ = engine["a+b"];
        AppendFanned(engine, "1");
        engine.Commit();
        AppendFanned(engine, "2");
        engine.Kill();
        engine.Queues.FansOut = true;

        Assert.Equal(["before", "1"], Drain(engine, "a"));
        Assert.Equal(["1"], Drain(engine, "a+b"));
        AppendFanned(engine, "3");
        Assert.Equal(["3"], Drain(engine, "a+b"));
    }

    [Fact]
    public void A_subscription_is_durable_before_what_is_appended_after_it()
    {
        using var engine = Start();
        _ = engine["a+b"];
        AppendFanned(engine, "1");
        engine.Commit();
        engine.Kill();

        Assert.Equal(["1"], Drain(engine, "a+b"));
        Assert.Equal(["1"], Drain(engine, "a"));
    }

    [Fact]
    public void A_child_that_is_full_keeps_the_item_from_all_of_them()
    {
        using var engine = Start();
        engine.Tell("a+b", options => options.MaxItems = 1);
        (_, _) = (engine["a+b"], engine["a+c"]);
        Assert.Equal(AppendStatus.Stored, AppendFanned(engine, "1"));
        Assert.Equal(AppendStatus.Full, AppendFanned(engine, "2"));

        foreach (var name in new[] { "a", "a+b", "a+c" })
        {
            Assert.Equal(["1"], Drain(engine, name));
        }
    }

    [Fact]
    public void A_damaged_child_does_not_stop_its_parent()
    {
        using var engine = Start();
        (_, _) = (engine["a+b"], engine["a+c"]);
        AppendFanned(engine, "1");
        engine.Commit();
        engine.Store.Damaged["a+b"] = "it was made so";
        engine.Kill();
        engine.Queues.FansOut = true;

        Assert.Equal(AppendStatus.Stored, AppendFanned(engine, "2"));
        Assert.Equal(["1", "2"], Drain(engine, "a"));
        Assert.Equal(["1", "2"], Drain(engine, "a+c"));
    }

    [Fact]
    public void A_queue_that_only_fans_out_keeps_nothing_and_is_not_even_stored()
    {
        using var engine = Start();
        engine.Tell("a", options => options.FanoutOnly = true);
        Assert.Equal(AppendStatus.Stored, AppendFanned(engine, "nowhere"));
        _ = engine["a+b"];
        Assert.Equal(AppendStatus.Stored, AppendFanned(engine, "1"));

        Assert.Empty(engine.Queues.GetStats(QueueName.Parse("a")));
        Assert.Equal(["1"], Drain(engine, "a+b"));
    }

    [Fact]
    public void Without_the_setting_children_get_nothing()
    {
        using var engine = Start();
        _ = engine["a+b"];
        engine.Queues.FansOut = false;
        AppendFanned(engine, "1");

        Assert.Null(engine.Take("a+b"));
    }

    [Fact]
    public void A_child_is_told_what_its_parent_is_told_and_then_what_it_is_told_itself()
    {
        var settings = new QueueSettings(
        [
            new QueueLayer("default", options => options.MaxItems = 1),
            new QueueLayer("a*", options => options.MaxBytes = 2),
            new QueueLayer("a", options => (options.MaxBytes, options.MaxItemBytes) = (3, 4)),
            new QueueLayer("*+b", options => options.MaxItemBytes = 5),
            new QueueLayer("a+c", options => options.MaxBytes = 6),
        ]);

        Assert.Equal((1, 3, 4), Of("a"));
        Assert.Equal((1, 3, 5), Of("a+b"));
        Assert.Equal((1, 6, 4), Of("a+c"));
        Assert.Equal((1, 0, 5), Of("z+b"));

        (long, long, long) Of(string name)
        {
            var options = settings.Of(QueueName.Parse(name));
            return (options.MaxItems, options.MaxBytes, options.MaxItemBytes);
        }
    }

    [Fact]
    public void Several_threads_that_append_to_parents_and_children_neither_deadlock_nor_lose()
    {
        using var engine = Start();
        (_, _) = (engine["a+b"], engine["a"]);
        Parallel.For(0, 400, i =>
        {
            if (i % 4 == 0)
            {
                engine.Queues.AppendToAll([QueueName.Parse("a+b"), QueueName.Parse("c")], Engine.Draft($"{i}"));
            }
            else if (i % 100 == 1)
            {
                engine.Queues.Open(QueueName.Parse($"a+late{i}"));
            }
            else
            {
                AppendFanned(engine, $"{i}");
            }
        });

        var parent = engine.Stats("a");
        Assert.Equal(parent.ItemCount + 100, engine.Stats("a+b").ItemCount);
        Assert.Equal(5, parent.Children.Count);
    }

    private static Engine Start()
    {
        var engine = new Engine();
        engine.Queues.FansOut = true;
        return engine;
    }

    private static AppendStatus AppendFanned(Engine engine, string payload)
        => engine["a"].AppendAsync(Engine.Draft(payload)).AsTask().GetAwaiter().GetResult().Status;

    private static List<string> Drain(Engine engine, string queue)
    {
        var found = new List<string>();
        while (engine.Take(queue) is { } payload)
        {
            found.Add(payload);
        }

        return found;
    }
}
