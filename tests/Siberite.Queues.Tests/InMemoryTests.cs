using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Queues that keep no journal.</summary>
public sealed class InMemoryTests
{
    [Theory]
    [InlineData(200L, 64)]
    [InlineData(1L << 20, 4096)]
    public void Items_are_served_in_order_and_none_of_them_reaches_the_store(long cacheBytes, int readAheadBytes)
    {
        using var engine = new Engine(Durability.Always, cacheBytes, readAheadBytes);
        engine.Tell("q", options => options.KeepJournal = false);
        engine.Append("other", "stored");
        for (var i = 0; i < 100; i++)
        {
            var commit = engine["q"].Append(Engine.Draft($"{i:0000}", mustSync: true)).Commit;
            Assert.True(engine.Queues.Commits.IsDone(commit));
        }

        engine.Commit();
        Assert.Equal(0, StoredItems(engine, "q"));
        Assert.Equal(1, StoredItems(engine, "other"));
        for (var i = 0; i < 100; i++)
        {
            var item = engine.TakeItem("q");
            Assert.Equal($"{i:0000}", System.Text.Encoding.ASCII.GetString(item.Payload));
            if (i % 2 == 0)
            {
                engine.Close("q", item.Sequence);
            }
        }

        Assert.Null(engine.Take("q"));
        engine.Queues.Sweep();
        engine.Commit();
        Assert.Equal(50, engine.Stats("q").OpenReadCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_restart_empties_it_and_it_goes_on_behind_what_was_there(bool isPowerCut)
    {
        using var engine = With(options => options.KeepJournal = false);
        engine.Append("q", "1", "2", "3", "4");
        Assert.Equal("1", engine.TakeFor("q", "c"));
        var open = engine.TakeItem("q");
        engine.Commit();
        engine.Queues.Sweep();
        engine.Append("q", "5");
        engine.Queues.CommitNow();
        Restart(engine, isPowerCut);

        Assert.Equal((0L, 0L), (engine.Stats("q").ItemCount, engine.Stats("q").ItemBytes));
        Assert.Null(engine.Take("q"));
        Assert.Null(engine.TakeFor("q", "c"));
        engine.Append("q", "new");
        Assert.Equal("new", engine.TakeFor("q", "c"));
        var item = engine.TakeItem("q");
        Assert.Equal("new", System.Text.Encoding.ASCII.GetString(item.Payload));
        Assert.True(item.Sequence > open.Sequence);
    }

    [Fact]
    public void What_is_kept_back_survives_a_restart_until_it_is_due()
    {
        using var engine = With(options => options.KeepJournal = false);
        engine["q"].Append(Engine.Draft("later") with { Delay = TimeSpan.FromSeconds(1), Id = "1"u8.ToArray() });
        engine.Append("q", "now");
        engine.Commit();
        engine.Kill();

        Assert.Null(engine.Take("q"));
        Assert.Equal(
            AppendStatus.Duplicate, engine["q"].Append(Engine.Draft("again") with { Id = "1"u8.ToArray() }).Status);
        engine.Time.Advance(TimeSpan.FromSeconds(2));
        engine.Background.RunAll();
        Assert.Equal("later", engine.Take("q"));
        engine.Kill();
        Assert.Null(engine.Take("q"));
    }

    [Fact]
    public void It_is_full_by_its_memory_and_room_comes_with_every_close()
    {
        using var engine = With(options => (options.KeepJournal, options.MaxMemoryBytes) = (false, 1_000));
        var count = 0;
        while (engine["q"].Append(Engine.Draft("")).Status == AppendStatus.Stored)
        {
            count++;
        }

        Assert.InRange(count, 2, 100); // Empty items cost memory too.
        var first = engine.TakeItem("q");
        var second = engine.TakeItem("q");
        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("")).Status);
        engine.Close("q", second.Sequence); // Out of order: its memory is free all the same.
        Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft("")).Status);
        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("")).Status);
        engine.Close("q", first.Sequence);
        Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft("")).Status);
    }

    [Fact]
    public void All_such_queues_share_their_memory_and_give_it_back()
    {
        using var engine = new Engine(maxMemoryQueueBytes: 10_000);
        engine.Tell("m*", options => options.KeepJournal = false);
        engine.Tell("m-ring", options => (options.KeepJournal, options.DiscardOldWhenFull) = (false, true));
        engine.Append("m-ring", "0");
        for (var i = 0; engine.Queues.MemoryItemBytes < 10_000; i++)
        {
            engine.Append($"m{i % 3}", $"{i}");
        }

        AssertFull("m0");
        AssertFull("m-new");
        AssertFullTogether("m0", "disk");
        engine.Append("disk", "stored");
        engine.Append("m-ring", "1", "2"); // Each drops the one before it.
        Assert.Equal((1L, 2L), (engine.Stats("m-ring").ItemCount, engine.Stats("m-ring").DiscardedCount));

        while (engine.Queues.MemoryItemBytes >= 10_000) // The last one of each went beyond the limit.
        {
            engine.Close("m1", engine.TakeItem("m1").Sequence); // At once, and for all of them.
        }

        engine.Append("m0", "has room");
        AssertFull("m2");
        engine["m2"].Purge();
        engine.Commit();
        engine.Append("m2", "has room");
        engine.Queues.Delete(QueueName.Parse("m0"));
        engine.Queues.Delete(QueueName.Parse("m1"));
        engine.Queues.Delete(QueueName.Parse("m-ring"));
        engine.Close("m2", engine.TakeItem("m2").Sequence);
        Assert.Equal(0, engine.Queues.MemoryItemBytes);

        void AssertFull(string name)
        {
            var refusal = Assert.Throws<SiberiteException>(() => { engine.Append(name, "one too many"); });
            Assert.Equal(SiberiteError.MemoryFull, refusal.Error);
        }

        void AssertFullTogether(string name, string other)
        {
            QueueName[] names = [QueueName.Parse(name), QueueName.Parse(other)];
            var refusal = Assert.Throws<SiberiteException>(
                () => { engine.Queues.AppendToAll(names, Engine.Draft("one too many")); });
            Assert.Equal(SiberiteError.MemoryFull, refusal.Error);
            Assert.Null(engine.Take(other));
        }
    }

    [Fact]
    public void It_may_drop_its_oldest_instead()
    {
        using var engine = With(options
            => (options.KeepJournal, options.MaxMemoryBytes, options.DiscardOldWhenFull) = (false, 1_000, true));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft($"{i}")).Status);
        }

        Assert.InRange(engine.Stats("q").ItemCount, 2, 20);
        Assert.Equal($"{100 - engine.Stats("q").ItemCount}", engine.Take("q"));
    }

    [Fact]
    public void A_journal_switched_off_counts_once_the_queue_is_empty()
    {
        using var engine = new Engine();
        engine.Append("q", "kept 1");
        engine.Tell("q", options => options.KeepJournal = false);
        engine.Append("q", "kept 2");
        var open = engine.TakeItem("q");
        engine.Close("q", open.Sequence);
        open = engine.TakeItem("q");
        engine.Append("q", "kept 3"); // One is open: not empty.
        engine.Commit();
        Assert.Equal(3, StoredItems(engine, "q"));
        engine.Close("q", open.Sequence);
        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Append("q", "forgotten");
        engine.Commit();
        engine.Kill();

        Assert.Null(engine.Take("q"));
    }

    [Fact]
    public void A_journal_switched_on_counts_once_the_queue_is_empty()
    {
        using var engine = With(options => options.KeepJournal = false);
        engine.Append("q", "1");
        engine.Tell("q", options => options.KeepJournal = true);
        engine.Append("q", "2");
        engine.Commit();
        Assert.Equal(0, StoredItems(engine, "q"));
        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Close("q", engine.TakeItem("q").Sequence);
        engine.Append("q", "3", "4");
        engine.Commit();
        engine.Kill();

        Assert.Equal("3", engine.Take("q"));
        Assert.Equal("4", engine.Take("q"));
        Assert.Null(engine.Take("q"));
    }

    [Fact]
    public void Poisoned_items_leave_it_for_a_queue_that_keeps_them()
    {
        using var engine = With(options
            => (options.KeepJournal, options.MaxDeliveries, options.DeadLetterQueue) = (false, 2, "dead"));
        engine.Append("q", "bad", "good");
        for (var i = 0; i < 2; i++)
        {
            engine.Lose("q", engine.TakeItem("q").Sequence);
            engine.Commit();
        }

        engine.Commit();
        Assert.Equal("good", engine.Take("q"));
        engine.Kill();
        Assert.Equal("bad", engine.Take("dead"));
        Assert.Null(engine.Take("q"));
    }

    private static Engine With(Action<QueueOptions> tell)
    {
        var engine = new Engine();
        engine.Tell("q", tell);
        return engine;
    }

    private static void Restart(Engine engine, bool isPowerCut)
    {
        if (isPowerCut)
        {
            engine.Store.Sync();
            engine.CutPower();
        }
        else
        {
            engine.Kill();
        }
    }

    private static int StoredItems(Engine engine, string queue)
    {
        var found = new List<StoredItem>();
        engine.Store.ReadItems(engine[queue].Id, 1, long.MaxValue, long.MaxValue, found);
        return found.Count;
    }
}
