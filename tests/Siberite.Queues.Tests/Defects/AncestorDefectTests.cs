using System.Text;

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
