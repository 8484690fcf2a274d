using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Named readers beside the default one.</summary>
public sealed class CursorTests
{
    [Fact]
    public void Each_cursor_reads_the_whole_queue_from_its_head_and_takes_nothing_from_others()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");

        foreach (var cursor in new[] { "one", "two" })
        {
            Assert.Equal(["1", "2", "3"], Drain(engine, cursor));
        }

        Assert.Equal(3, engine.Stats("q").ItemCount);
        Assert.Equal("1", engine.Take("q"));
    }

    [Fact]
    public void A_cursor_passes_over_what_the_default_reader_has_closed()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3", "4", "5");
        var (one, two, three) = (engine.TakeItem("q"), engine.TakeItem("q"), engine.TakeItem("q"));
        Assert.Equal("1", engine.TakeFor("q", "c"));
        engine.Close("q", one.Sequence);
        engine.Close("q", three.Sequence);

        Assert.Equal("2", engine.TakeFor("q", "c"));
        Assert.Equal("4", engine.TakeFor("q", "c"));
        engine.Close("q", two.Sequence);
        Assert.Equal("5", engine.TakeFor("q", "c"));
        Assert.Null(engine.TakeFor("q", "c"));
    }

    [Fact]
    public void An_item_that_left_the_queue_while_a_cursor_had_it_open_does_not_come_back()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        var open = engine.TakeItemFor("q", "c");
        var closed = engine.TakeItemFor("q", "c");
        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Close("q", engine.TakeItem("q").Sequence);

        Abort(engine, "c", open.Sequence);
        Close(engine, "c", closed.Sequence);
        Assert.Equal("3", engine.TakeFor("q", "c"));
    }

    [Fact]
    public void What_a_cursor_gave_back_comes_again_in_its_place()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        var (one, two) = (engine.TakeItemFor("q", "c"), engine.TakeItemFor("q", "c"));
        Abort(engine, "c", two.Sequence);
        Abort(engine, "c", one.Sequence);

        Assert.Equal(["1", "2", "3"], Drain(engine, "c"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_place_survives_a_crash_and_what_was_open_is_unread(bool isTrimmedShown)
    {
        using var engine = new Engine();
        engine.Store.ShowsTrimmedItems = isTrimmedShown;
        engine.Append("q", "1", "2", "3", "4");
        var (one, two, three) = (Next(), Next(), Next());
        Close(engine, "c", one.Sequence);
        Close(engine, "c", three.Sequence);
        Assert.Equal("4", engine.TakeFor("q", "c"));
        engine.Commit();
        engine.Kill();

        Assert.Equal(2, engine.Stats("q").Cursors.Single().ItemCount);
        Assert.Equal(["2", "4"], Drain(engine, "c"));

        Item Next() => engine.TakeItemFor("q", "c");
    }

    [Fact]
    public void It_is_there_after_a_crash_although_it_read_nothing()
    {
        using var engine = new Engine();
        engine.Append("q", "1");
        engine.TakeFor("q", "c", mode: TakeMode.Peek);
        engine.Commit();
        engine.Kill();

        Assert.Equal("c", engine.Stats("q").Cursors.Single().Name);
    }

    [Fact]
    public async Task A_cursor_that_waits_for_a_queues_first_item_gets_it_and_is_stored_with_it()
    {
        using var engine = new Engine();
        var take = engine.Cursor("q", "c")
            .TakeAsync(Engine.Session(1), TakeMode.Open, TimeSpan.FromSeconds(5)).AsTask();
        engine.Append("q", "1");
        engine.Background.RunAll();

        Assert.Equal("1", Engine.Text(await take));
        engine.Commit();
        engine.Kill();
        Assert.Equal("c", engine.Stats("q").Cursors.Single().Name);
    }

    [Fact]
    public void Set_back_it_serves_everything_again_but_not_what_is_open()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3", "4");
        var (one, two) = (engine.TakeItemFor("q", "c"), engine.TakeItemFor("q", "c"));
        Close(engine, "c", one.Sequence);
        _ = engine.Cursor("q", "c").PurgeAsync().AsTask();

        Assert.Equal("1", engine.TakeFor("q", "c", session: 2));
        Assert.Equal("3", engine.TakeFor("q", "c", session: 2));
        Abort(engine, "c", two.Sequence);
        Assert.Equal("2", engine.TakeFor("q", "c", session: 2));
        engine.Commit();
        engine.Kill();
        Assert.Equal(["1", "2", "3", "4"], Drain(engine, "c"));
    }

    [Fact]
    public void An_item_open_beyond_the_place_it_was_set_back_to_can_be_closed()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        engine.TakeItemFor("q", "c");
        var two = engine.TakeItemFor("q", "c");
        _ = engine.Cursor("q", "c").PurgeAsync().AsTask();
        Close(engine, "c", two.Sequence);

        Assert.Equal("3", engine.TakeFor("q", "c", session: 2));
        Abort(engine, "c", sequence: 1);
        Assert.Equal("1", engine.TakeFor("q", "c", session: 2));
        Assert.Null(engine.TakeFor("q", "c", session: 2));
    }

    [Fact]
    public async Task Dropped_it_is_gone_and_begins_at_the_head_if_it_is_asked_for_again()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2");
        Assert.Equal(["1", "2"], Drain(engine, "c"));
        var wait = engine.Cursor("q", "c")
            .TakeAsync(Engine.Session(2), TakeMode.Open, TimeSpan.FromMinutes(1)).AsTask();
        _ = engine.Cursor("q", "c").DropAsync().AsTask();

        Assert.Equal(TakeStatus.Empty, (await wait).Status);
        engine.Commit();
        engine.Kill();
        Assert.Empty(engine.Stats("q").Cursors);
        Assert.Equal(["1", "2"], Drain(engine, "c"));
    }

    [Fact]
    public void A_queue_has_as_many_as_its_settings_allow_and_serves_those_there_are()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.MaxCursors = 1);
        engine.Append("q", "1");
        Assert.Equal("1", engine.TakeFor("q", "one", mode: TakeMode.Peek));

        var refusal = Assert.Throws<SiberiteException>(() => engine.TakeFor("q", "two"));
        Assert.Equal(SiberiteError.TooManyCursors, refusal.Error);
        Assert.Equal("1", engine.TakeFor("q", "one"));
    }

    [Fact]
    public void A_purge_and_a_deletion_of_the_queue_are_meant_for_its_cursors_too()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2");
        Assert.Equal("1", engine.TakeFor("q", "c", mode: TakeMode.Peek));
        engine["q"].Purge();
        Assert.Null(engine.TakeFor("q", "c"));

        engine.Queues.Delete(QueueName.Parse("q"));
        engine.Append("q", "3");
        engine.Commit();
        engine.Kill();
        Assert.Empty(engine.Stats("q").Cursors);
    }

    [Fact]
    public void What_every_cursor_has_read_goes_if_the_settings_say_so()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.RetentionUntilRead = true);
        engine.Append("q", "1", "22", "333");
        Read("one", 3);
        Read("two", 2);
        engine.Commit();
        engine.Queues.Sweep();

        Assert.True(engine.Stats("q") is { ItemCount: 1, ItemBytes: 3 });
        Assert.Equal("333", engine.TakeFor("q", "two"));
        engine.Commit();
        engine.Kill();
        Assert.True(engine.Stats("q") is { ItemCount: 1, ItemBytes: 3 });
        Assert.Equal("333", engine.Take("q"));

        void Read(string cursor, int count)
        {
            for (var i = 0; i < count; i++)
            {
                Close(engine, cursor, engine.TakeItemFor("q", cursor).Sequence);
            }
        }
    }

    [Theory]
    [InlineData("items")]
    [InlineData("bytes")]
    [InlineData("age")]
    public void Old_items_go_by_count_bytes_and_age_read_or_not(string limit)
    {
        using var engine = new Engine();
        engine.Tell("q", options =>
        {
            options.RetentionItems = limit == "items" ? 2 : 0;
            options.RetentionBytes = limit == "bytes" ? 5 : 0;
            options.RetentionAge = limit == "age" ? TimeSpan.FromMinutes(1) : TimeSpan.Zero;
        });
        engine.Append("q", "1111", "22", "333");
        var open = engine.TakeItem("q", session: 3);
        engine.Time.Advance(TimeSpan.FromSeconds(45));
        engine.Append("q", "44", "555");
        engine.Commit();
        engine.Time.Advance(TimeSpan.FromSeconds(30));
        engine.Queues.Sweep();

        Assert.True(engine.Stats("q") is { ItemCount: 2, ItemBytes: 5, OpenReadCount: 1 });
        Assert.Equal(["1111", "44", "555"], Drain(engine, "c")); // The first is open, so it is still there.
        engine.Abort("q", open.Sequence, session: 3);
        engine.Commit();
        engine.Kill();
        Assert.True(engine.Stats("q") is { ItemCount: 3, ItemBytes: 9 });
        Assert.Equal("1111", engine.Take("q"));
        Assert.Equal("44", engine.Take("q"));
    }

    [Fact]
    public void A_queue_held_by_an_abandoned_cursor_shows()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.CursorWarningBytes = 4);
        engine.Append("q", "12345");
        engine.Queues.Sweep();
        Assert.False(engine.Stats("q").IsHeldByCursors);

        engine.TakeFor("q", "c", mode: TakeMode.Peek);
        engine.Queues.Sweep();
        Assert.True(engine.Stats("q").IsHeldByCursors);

        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Queues.Sweep();
        Assert.False(engine.Stats("q").IsHeldByCursors);
    }

    private static List<string> Drain(Engine engine, string cursor)
    {
        var found = new List<string>();
        while (engine.TakeFor("q", cursor, session: 9) is { } payload)
        {
            found.Add(payload);
        }

        return found;
    }

    private static void Close(Engine engine, string cursor, long sequence)
        => Assert.True(
            engine.Cursor("q", cursor).CloseAsync(Engine.Session(1), sequence).AsTask().IsCompletedSuccessfully);

    private static void Abort(Engine engine, string cursor, long sequence)
        => Assert.True(
            engine.Cursor("q", cursor).AbortAsync(Engine.Session(1), sequence).AsTask().IsCompletedSuccessfully);
}
