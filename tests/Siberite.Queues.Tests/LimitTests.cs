using Siberite.Contracts;

namespace Siberite.Queues.Tests;

public sealed class LimitTests
{
    [Fact]
    public void A_full_queue_takes_no_more_until_an_item_is_taken()
    {
        using var engine = With(options => options.MaxItems = 2);
        engine.Append("q", "1", "2");

        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("3")).Status);
        Assert.Equal("1", engine.Take("q"));
        Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft("3")).Status);
    }

    /// <remarks>As in Kestrel the sum is looked at before the append, so the last item may go beyond.</remarks>
    [Fact]
    public void Bytes_count_before_the_append()
    {
        using var engine = With(options => options.MaxBytes = 10);
        engine.Append("q", "123456789", "this one goes beyond");

        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("")).Status);
    }

    [Fact]
    public void A_large_item_is_refused_also_where_old_ones_are_dropped()
    {
        using var engine = With(options => (options.MaxItemBytes, options.DiscardOldWhenFull) = (3, true));

        Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft("123")).Status);
        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("1234")).Status);
    }

    [Fact]
    public void One_full_queue_refuses_for_all_targets()
    {
        using var engine = new Engine();
        engine.Tell("b", options => options.MaxItems = 1);
        engine.Append("b", "1");

        var result = engine.Queues.AppendToAll([QueueName.Parse("a"), QueueName.Parse("b")], Engine.Draft("2"));

        Assert.Equal(AppendStatus.Full, result.Status);
        Assert.Null(engine.Take("a"));
    }

    /// <remarks>With a cache of nothing the oldest must be read back to be dropped.</remarks>
    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    public void A_queue_that_drops_old_items_keeps_the_newest(long cacheBytes)
    {
        using var engine = new Engine(cacheBytes: cacheBytes, readAheadBytes: 2);
        engine.Tell("q", options => (options.MaxItems, options.DiscardOldWhenFull) = (3, true));
        engine.Append("q", "1", "2");
        Assert.Equal("1", engine.Take("q"));
        engine.Append("q", "3", "4", "5", "6");
        engine.Commit();

        Assert.Equal(3, engine.Stats("q").ItemCount);
        Assert.Equal(2, engine.Stats("q").DiscardedCount);
        Assert.Equal(["4", "5", "6"], [engine.Take("q"), engine.Take("q"), engine.Take("q")]);
    }

    [Fact]
    public void Old_items_are_dropped_by_bytes_and_a_returned_one_first()
    {
        using var engine = With(options => (options.MaxBytes, options.DiscardOldWhenFull) = (4, true));
        engine.Append("q", "aa", "bb");
        var first = engine.TakeItem("q");
        engine.Abort("q", first.Sequence);
        engine.Append("q", "cc", "dd");
        engine.Commit();

        Assert.Equal(["cc", "dd", null], [engine.Take("q"), engine.Take("q"), engine.Take("q")]);
    }

    [Fact]
    public void The_newest_stays_even_if_it_alone_is_too_much()
    {
        using var engine = With(options => (options.MaxBytes, options.DiscardOldWhenFull) = (4, true));
        engine.Append("q", "1", "far too much", "as well, and it stays");
        engine.Commit();

        Assert.Equal(["as well, and it stays", null], [engine.Take("q"), engine.Take("q")]);
    }

    private static Engine With(Action<QueueOptions> tell)
    {
        var engine = new Engine();
        engine.Tell("q", tell);
        return engine;
    }
}
