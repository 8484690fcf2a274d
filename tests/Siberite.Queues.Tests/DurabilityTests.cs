using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Queues that mean something else by <c>STORED</c> than their silo does.</summary>
public sealed class DurabilityTests
{
    [Fact]
    public void A_strict_queue_of_a_lax_silo_survives_a_power_cut_with_all_that_shares_its_commit()
    {
        using var engine = EngineOf(Durability.Os, ("strict", QueueDurability.Always));
        engine.Append("lax", "before");
        var strict = engine["strict"].Append(Engine.Draft("kept")).Commit;
        engine.Commit();
        Assert.Equal((1L, CommitLevel.Synced), (engine.Store.SyncCount, strict.Level));

        var lax = engine["lax"].Append(Engine.Draft("after")).Commit;
        engine.Commit();
        Assert.Equal((1L, CommitLevel.Written), (engine.Store.SyncCount, lax.Level));
        engine.CutPower();

        Assert.Equal("kept", engine.Take("strict"));
        Assert.Equal("before", engine.Take("lax"));
        Assert.Null(engine.Take("lax", session: 2));
    }

    [Fact]
    public void A_lax_queue_of_a_strict_silo_waits_for_no_sync_and_survives_a_kill()
    {
        using var engine = EngineOf(Durability.Always, ("lax", QueueDurability.Os));
        var commit = engine["lax"].Append(Engine.Draft("item")).Commit;
        engine.Commit();
        Assert.Equal((0L, true), (engine.Store.SyncCount, engine.Queues.Commits.IsDone(commit)));

        var shown = engine.Settle(engine["lax"].TakeAsync(Engine.Session(1), TakeMode.Peek, TimeSpan.Zero));
        Assert.True(engine.Queues.Commits.IsDone(shown.Commit));
        engine.Kill();

        Assert.Equal("item", engine.Take("lax"));
    }

    [Fact]
    public void A_strict_item_of_a_lax_queue_is_synced()
    {
        using var engine = EngineOf(Durability.Always, ("lax", QueueDurability.Os));
        Assert.Equal(CommitLevel.Synced, engine["lax"].Append(Engine.Draft("item", mustSync: true)).Commit.Level);
        engine.Commit();
        engine.CutPower();

        Assert.Equal("item", engine.Take("lax"));
    }

    [Theory]
    [InlineData(QueueDurability.Interval, 1)]
    [InlineData(QueueDurability.Os, 0)]
    [InlineData(QueueDurability.Server, 0)]
    public void A_queue_may_be_synced_at_intervals_on_a_silo_that_never_syncs(QueueDurability durability, int syncs)
    {
        using var engine = EngineOf(Durability.Os, ("work", durability));
        engine.Append("work", "item");
        engine.Commit();
        engine.Time.Advance(TimeSpan.FromMilliseconds(100));
        engine.Commit();
        Assert.Equal(syncs, engine.Store.SyncCount);

        // Nothing new, nothing to sync.
        engine.Time.Advance(TimeSpan.FromMilliseconds(500));
        engine.Commit();
        Assert.Equal(syncs, engine.Store.SyncCount);
        engine.CutPower();

        Assert.Equal(syncs == 1 ? "item" : null, engine.Take("work"));
    }

    [Fact]
    public void A_set_into_several_queues_is_as_safe_as_the_strictest_of_them_promises()
    {
        using var engine = EngineOf(Durability.Os, ("strict", QueueDurability.Always));
        var result = engine.Queues.AppendToAll(
            [QueueName.Parse("strict"), QueueName.Parse("lax")], Engine.Draft("item"));
        Assert.Equal(CommitLevel.Synced, result.Commit.Level);
    }

    [Fact]
    public void Delayed_items_and_duplicates_go_by_the_policy_of_their_queue()
    {
        using var engine = EngineOf(Durability.Os, ("strict", QueueDurability.Always));
        var delayed = Engine.Draft("item") with { Delay = TimeSpan.FromSeconds(1), Id = "1"u8.ToArray() };
        Assert.Equal(CommitLevel.Synced, engine["strict"].Append(delayed).Commit.Level);

        var again = engine["strict"].Append(delayed);
        Assert.Equal((AppendStatus.Duplicate, CommitLevel.Synced), (again.Status, again.Commit.Level));
        engine.Commit();
        Assert.Equal(1, engine.Store.SyncCount);
    }

    [Fact]
    public void A_new_policy_counts_for_what_is_set_from_then_on()
    {
        using var engine = EngineOf(Durability.Always, ("work", QueueDurability.Os));
        Assert.Equal(CommitLevel.Written, engine["work"].Append(Engine.Draft("1")).Commit.Level);
        engine.Tell("work", options => options.Durability = QueueDurability.Always);
        Assert.Equal(CommitLevel.Synced, engine["work"].Append(Engine.Draft("2")).Commit.Level);
        engine.Tell("work", options => options.Durability = QueueDurability.Server);
        Assert.Equal(CommitLevel.Synced, engine["work"].Append(Engine.Draft("3")).Commit.Level);
    }

    private static Engine EngineOf(Durability silo, (string Queue, QueueDurability Durability) told)
    {
        var engine = new Engine(silo);
        engine.Tell(told.Queue, options => options.Durability = told.Durability);
        return engine;
    }
}
