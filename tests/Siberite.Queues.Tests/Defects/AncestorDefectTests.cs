using System.Text;
using Siberite.Contracts;

namespace Siberite.Queues.Tests.Defects;

/// <summary>Defects of the ancestors that show in the engine alone. infra/docs/defects.md tells the stories.</summary>
public sealed class AncestorDefectTests
{
    /// <remarks>Method: everything is closed and trimmed from the store, so that at the restart only the reader's place
    /// tells how far the queue has come.</remarks>
    [Fact]
    public void S6_a_queue_that_was_drained_before_a_restart_serves_what_comes_after()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        DrainAndTrim(engine, count: 3);
        engine.Store.ShowsTrimmedItems = false;

        engine.Kill();
        Assert.Equal(0, engine["q"].GetStats().ItemCount);
        engine.Append("q", "4", "5");
        engine.Commit();
        engine.Kill();

        Assert.Equal(2, engine["q"].GetStats().ItemCount);
        Assert.Equal("4", engine.Take("q"));
        Assert.Equal("5", engine.Take("q", session: 2));
        Assert.Null(engine.Take("q", session: 3));
    }

    [Fact]
    public void S9_what_its_reader_has_closed_is_trimmed()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3", "4");
        DrainAndTrim(engine, count: 3);

        Assert.Equal(1, engine.Store.ItemCount(engine["q"].Id));
    }

    /// <remarks>Method: both readers are through, and all is trimmed; after the restart the cursor must neither skip
    /// what comes nor stick.</remarks>
    [Fact]
    public void S6_a_cursor_that_had_read_all_of_a_drained_queue_serves_what_comes_after()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        for (var i = 0; i < 3; i++)
        {
            CloseFor(engine, "c", engine.TakeItemFor("q", "c").Sequence);
        }

        DrainAndTrim(engine, count: 3);
        engine.Store.ShowsTrimmedItems = false;
        engine.Kill();
        engine.Append("q", "4");
        engine.Commit();
        engine.Kill();

        Assert.Equal(1, engine.Stats("q").Cursors.Single().ItemCount);
        Assert.Equal("4", engine.TakeFor("q", "c"));
        Assert.Null(engine.TakeFor("q", "c"));
    }

    [Fact]
    public void S7_no_count_of_an_overtaken_cursor_goes_below_zero()
    {
        using var engine = new Engine();
        engine.Append("q", "1", "2", "3");
        engine.TakeItemFor("q", "c");
        Close(engine, count: 2);
        Assert.Equal(1, engine.Stats("q").Cursors.Single().ItemCount);
        Close(engine, count: 1);
        Assert.Equal(0, engine.Stats("q").Cursors.Single().ItemCount);
        engine.Commit();
        engine.Kill();
        Assert.Equal(0, engine.Stats("q").Cursors.Single().ItemCount);
    }

    [Fact]
    public void S8_a_cursor_moves_at_the_close_and_its_open_items_survive_a_crash_unread()
    {
        using var engine = new Engine(Durability.Always);
        engine.Append("q", "1", "2");
        engine.Commit();
        CloseFor(engine, "c", engine.TakeItemFor("q", "c").Sequence);
        engine.TakeItemFor("q", "c");
        engine.Queues.Commits.Request(engine.Queues.PutState("sync", [1]) with { Level = CommitLevel.Synced });
        engine.Commit();
        engine.CutPower();

        Assert.Equal("2", engine.TakeFor("q", "c"));
        engine.Store.FailWrite(nth: 1);
        CloseFor(engine, "c", sequence: 2);
        engine.Commit();
        Assert.True(engine.Queues.Commits.HasFailed);
        engine.CutPower();
        Assert.Equal("2", engine.TakeFor("q", "c"));
    }

    [Fact]
    public void S9_what_all_cursors_have_read_is_trimmed_if_the_settings_say_so()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.RetentionUntilRead = true);
        engine.Append("q", "1", "2", "3", "4");
        for (var i = 0; i < 3; i++)
        {
            CloseFor(engine, "c", engine.TakeItemFor("q", "c").Sequence);
        }

        engine.Commit();
        Sweep(engine);
        Assert.Equal(1, engine.Store.ItemCount(engine["q"].Id));
    }

    /// <remarks>Darner compacts on the thread that serves everybody.</remarks>
    [Fact]
    public void D10_no_command_gives_disk_space_back_only_the_housekeeping_does()
    {
        using var engine = new Engine();
        for (var i = 0; i < 5; i++)
        {
            engine.Append("q", new string('x', 1 << 20));
        }

        Close(engine, count: 5);
        engine.Commit();
        Assert.Equal(0, engine.Store.ReclaimCount);

        Sweep(engine);
        Assert.Equal(1, engine.Store.ReclaimCount);
    }

    /// <remarks>Kestrel loses its way when readers catch up with a backlog that is read from disk. Method: the memory
    /// for items is a few of them, and items come and go on both ends.</remarks>
    [Fact]
    public void K9_a_backlog_beyond_memory_is_read_to_its_last_item()
    {
        using var engine = new Engine(cacheBytes: 64, readAheadBytes: 64);
        var (appended, taken) = (0, 0);
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 12; i++)
            {
                engine.Append("q", $"item number {appended++}");
            }

            engine.Commit();
            for (var i = 0; i < (round % 3 == 2 ? 30 : 3) && taken < appended; i++)
            {
                TakeNext(engine, taken++);
            }
        }

        while (taken < appended)
        {
            TakeNext(engine, taken++);
        }

        Assert.Null(engine.Take("q"));
    }

    private static void TakeNext(Engine engine, int number)
    {
        var item = engine.TakeItem("q");
        Assert.Equal($"item number {number}", Encoding.ASCII.GetString(item.Payload));
        engine["q"].CloseAsync(Engine.Session(1), item.Sequence).AsTask();
    }

    private static void CloseFor(Engine engine, string cursor, long sequence)
        => _ = engine.Cursor("q", cursor).CloseAsync(Engine.Session(1), sequence).AsTask();

    private static void DrainAndTrim(Engine engine, int count)
    {
        Close(engine, count);
        engine.Commit();
        Sweep(engine);
    }

    private static void Close(Engine engine, int count)
    {
        for (var i = 0; i < count; i++)
        {
            engine["q"].CloseAsync(Engine.Session(1), engine.TakeItem("q").Sequence).AsTask();
        }
    }

    /// <summary>The first sweep sees that the queue was used, the second that it is idle, the third what was
    /// trimmed.</summary>
    private static void Sweep(Engine engine)
    {
        for (var i = 0; i < 3; i++)
        {
            engine.Queues.Sweep();
            engine.Commit();
        }
    }
}
