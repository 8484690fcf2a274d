using Siberite.Contracts;

namespace Siberite.Queues.Tests;

public sealed class SpaceTests
{
    private static readonly string Payload = new('x', 1 << 20);

    [Fact]
    public void A_drained_queue_gives_its_space_back_once_it_rests()
    {
        using var engine = new Engine();
        for (var i = 0; i < 8; i++)
        {
            engine.Append("a", Payload);
            engine.Commit();
            Close(engine, "a");
        }

        engine.Queues.Sweep(); // Taken from since the last one: not idle yet.
        engine.Queues.Sweep(); // Idle: what is closed is to be trimmed.
        engine.Commit();
        Assert.Equal(0, engine.Store.ItemCount(queueId: 1));
        Assert.Equal(0, engine.Store.ReclaimCount);

        engine.Queues.Sweep();
        Assert.Equal(1, engine.Store.ReclaimCount);
        engine.Queues.Sweep();
        Assert.Equal(1, engine.Store.ReclaimCount);
    }

    [Fact]
    public void Items_behind_the_reader_are_trimmed_many_at_a_time()
    {
        using var engine = new Engine();
        const int Count = 20_000;
        for (var i = 0; i < Count; i++)
        {
            engine.Append("a", "x");
        }

        engine.Commit();
        for (var i = 0; i < Count - 1; i++)
        {
            Close(engine, "a");
        }

        engine.Commit();
        Assert.Equal(1, engine.Store.ItemCount(queueId: 1));
    }

    [Fact]
    public void A_purge_takes_the_same_work_however_long_the_queue_and_never_reuses_a_sequence()
    {
        using var engine = new Engine();
        engine.Append("a", "1", "2", "3");
        engine.Commit();
        var open = engine.TakeItem("a");
        var writes = engine.Store.WriteCount;

        engine["a"].Purge();
        engine.Commit();
        Assert.Equal(writes + 1, engine.Store.WriteCount);

        engine.Append("a", "4");
        engine.Commit();
        engine.Kill();
        Assert.Equal(open.Sequence, engine.TakeItem("a").Sequence);
        Assert.Equal(4, engine.TakeItem("a").Sequence);
    }

    [Fact]
    public void A_deleted_queue_gives_its_space_back_once_the_deletion_is_committed()
    {
        using var engine = new Engine(Durability.Always);
        engine.Append("a", "1", "2", "3");
        engine.Commit();
        engine.Queues.Delete(QueueName.Parse("a"));

        engine.Queues.Sweep();
        Assert.Equal(0, engine.Store.ReclaimCount);

        engine.Commit();
        engine.Queues.Sweep();
        engine.Queues.Sweep();
        Assert.Equal(1, engine.Store.ReclaimCount);
    }

    private static void Close(Engine engine, string queue)
    {
        var item = engine.TakeItem(queue);
        Assert.NotEqual(default, item);
        Assert.True(engine[queue].CloseAsync(Engine.Session(1), item.Sequence).AsTask().IsCompletedSuccessfully);
    }
}
