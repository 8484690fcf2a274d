using System.Text;
using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Sets with ids: of those with the same one, the first counts.</summary>
public sealed class DedupTests
{
    [Fact]
    public void The_second_set_with_an_id_is_refused_whatever_became_of_the_first()
    {
        using var engine = new Engine();
        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        engine.Commit();
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        engine.Close("q", engine.TakeItem("q").Sequence);
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        engine["q"].Purge();
        engine.Commit();
        engine.Kill();
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        Assert.Equal(AppendStatus.Stored, Append(engine, "b").Status);
        Assert.Equal(1, engine.Stats("q").DuplicateCount);
    }

    /// <remarks>Otherwise a client would be told that its item is safe while a power cut can still take it.</remarks>
    [Fact]
    public void A_refusal_waits_until_the_first_set_is_as_safe_as_its_own_reply()
    {
        using var engine = new Engine(Durability.Always);
        var first = Append(engine, "a").Commit;
        var second = Append(engine, "a").Commit;

        Assert.Equal(first, second);
        Assert.False(engine.Queues.Commits.IsDone(second));
        engine.CutPower();
        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
    }

    [Fact]
    public void An_id_is_never_kept_without_its_item()
    {
        using var engine = new Engine();
        engine.Append("q", "before");
        engine.Commit();
        Append(engine, "a");
        engine.Kill();

        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
        engine.Commit();
        engine.Kill();
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        Assert.Equal(["before", "a"], DelayTests.Drain(engine));
    }

    [Fact]
    public void A_full_queue_does_not_remember_what_it_refused()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.MaxItems = 1);
        engine.Append("q", "1");
        Assert.Equal(AppendStatus.Full, Append(engine, "a").Status);

        Assert.Equal("1", engine.Take("q"));
        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_id_counts_for_a_time(bool isKilled)
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.DedupWindow = TimeSpan.FromSeconds(10));
        Append(engine, "a");
        engine.Commit();
        if (isKilled)
        {
            engine.Kill();
        }

        engine.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
    }

    [Fact]
    public void Ids_that_no_longer_count_leave_the_store_and_nothing_else_does()
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.DedupMaxIds = 1_000);
        for (var i = 0; i < 5_000; i++)
        {
            Append(engine, $"{i}");
        }

        engine.Commit();
        engine.Queues.Sweep();
        engine.Commit();

        Assert.Equal((1_000, 1_000), engine.Store.IdCounts(queueId: 1));
        Assert.Equal(AppendStatus.Stored, Append(engine, "0").Status);
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "4500").Status);
        engine.Commit();
        engine.Kill();
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "4999").Status);
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "0").Status);
    }

    /// <remarks>
    /// Goal: an id that was seen again is not forgotten with its first place in order.
    /// Method: see it again before the trim, with the second record written, not written, and only just begun.
    /// </remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_id_that_was_seen_again_stays(bool isWritten)
    {
        using var engine = new Engine();
        engine.Tell("q", options => options.DedupWindow = TimeSpan.FromSeconds(10));
        Append(engine, "a");
        Append(engine, "b");
        engine.Commit();
        engine.Time.Advance(TimeSpan.FromSeconds(10));
        Append(engine, "a");
        if (isWritten)
        {
            engine.Commit();
        }

        engine.Queues.Sweep();
        engine.Commit();

        Assert.Equal((1, 1), engine.Store.IdCounts(queueId: 1));
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
        engine.Kill();
        Assert.Equal(AppendStatus.Duplicate, Append(engine, "a").Status);
    }

    [Fact]
    public void One_queue_that_knows_the_id_refuses_for_all_targets()
    {
        using var engine = new Engine();
        Append(engine, "a");
        QueueName[] both = [QueueName.Parse("p"), QueueName.Parse("q")];

        Assert.Equal(
            AppendStatus.Duplicate, engine.Queues.AppendToAll(both, Draft("a")).Status);
        Assert.Null(engine.Take("p"));
        Assert.Equal(AppendStatus.Stored, engine.Queues.AppendToAll(both, Draft("b")).Status);
        Assert.Equal("b", engine.Take("p"));
        Assert.Equal(["a", "b"], DelayTests.Drain(engine));
    }

    [Fact]
    public void A_deleted_queue_knows_no_ids_any_more()
    {
        using var engine = new Engine();
        Append(engine, "a");
        engine.Commit();
        engine.Queues.Delete(QueueName.Parse("q"));
        engine.Commit();

        Assert.Equal((0, 0), engine.Store.IdCounts(queueId: 1));
        Assert.Equal(AppendStatus.Stored, Append(engine, "a").Status);
    }

    internal static AppendResult Append(Engine engine, string id) => engine["q"].Append(Draft(id));

    private static ItemDraft Draft(string id) => Engine.Draft(id) with { Id = Encoding.ASCII.GetBytes(id) };
}
