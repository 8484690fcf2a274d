using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <remarks>A client that is told "empty" may go home: it must be so.</remarks>
public sealed class EmptinessTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_called_off_while_its_item_is_read_still_gets_the_item(bool hasTime)
    {
        using var engine = new Engine();
        engine.Append("a", "1");
        engine.Commit();
        engine.Kill();

        var take = engine["a"].TakeAsync(Engine.Session(1), TakeMode.Open, hasTime ? Wait : TimeSpan.Zero);
        engine["a"].CancelWait(Engine.Session(1));

        Assert.Equal("1", Engine.Text(engine.Settle(take)));
    }

    [Fact]
    public void A_wait_called_off_while_nothing_is_read_finds_nothing()
    {
        using var engine = new Engine();
        engine.Append("a", "1");
        Assert.Equal("1", engine.Take("a"));

        var take = engine["a"].TakeAsync(Engine.Session(2), TakeMode.Open, Wait);
        engine["a"].CancelWait(Engine.Session(2));

        Assert.Null(Engine.Text(engine.Settle(take)));
    }

    [Fact]
    public void A_store_that_has_failed_calls_no_queue_empty()
    {
        using var engine = new Engine();
        engine.Append("a", "1");
        var waiting = engine["b"].TakeAsync(Engine.Session(1), TakeMode.Open, Wait);
        engine.Store.FailWrite(nth: 1);
        engine.Commit();

        Assert.Equal("1", engine.Take("a")); // Whoever asked is told once its commit is known.
        Assert.Equal(SiberiteError.StorageFailed, Refusal(engine, "a", TimeSpan.Zero));
        Assert.Equal(SiberiteError.StorageFailed, Refusal(engine, "b", Wait));
        engine.Time.Advance(Wait);
        Assert.Equal(
            SiberiteError.StorageFailed, Assert.Throws<SiberiteException>(() => engine.Settle(waiting)).Error);
    }

    private static SiberiteError Refusal(Engine engine, string queue, TimeSpan wait)
        => Assert.Throws<SiberiteException>(
            () => engine.Settle(engine[queue].TakeAsync(Engine.Session(2), TakeMode.Open, wait))).Error;
}
