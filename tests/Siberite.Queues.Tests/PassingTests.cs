using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Items that go from one queue to another one, over crashes at every step.</summary>
public sealed class PassingTests : IDisposable
{
    private readonly Engine _engine = new();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void Items_pass_in_order_and_are_closed_behind()
    {
        _engine.Append("from", "a", "b", "c");
        _engine.Append("to", "first");
        _engine.Commit();
        var items = Open(2);

        var passed = Pass(items);
        _engine.Commit();

        Assert.Equal((2, false), (passed.Count, passed.IsTargetGone));
        Assert.Equal(["first", "a", "b", null], [.. Enumerable.Range(0, 4).Select(_ => _engine.Take("to"))]);
        var stats = _engine.Stats("from");
        Assert.Equal((1, 0, 2), (stats.ItemCount, stats.OpenReadCount, stats.ClosedCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_kill_each_item_is_in_one_of_the_queues(bool isCommitted)
    {
        _engine.Append("from", "a", "b", "c");
        _engine.Append("to", "first");
        _engine.Commit();
        Pass(Open(2));
        if (isCommitted)
        {
            _engine.Commit();
        }

        _engine.Kill();

        Assert.Equal(isCommitted ? "c" : "a b c", Rest("from"));
        Assert.Equal(isCommitted ? "first a b" : "first", Rest("to"));
    }

    /// <remarks>The reader's place is written as it stands when its batch is written. A close of a later batch must not
    /// be in it.</remarks>
    [Fact]
    public void A_batch_that_was_sealed_before_does_not_close_what_passes_with_the_next()
    {
        _engine.Append("from", "a", "b", "c");
        _engine.Append("to", "first");
        _engine.Commit();
        var items = Open(3);
        _engine.Close("from", items[0].Sequence); // Its place is due with the open batch, and so is the pass.
        Pass(items[1..]);
        Assert.Equal(2, _engine.Stats("from").OpenReadCount);

        _engine.Commit();

        Assert.Equal(0, _engine.Stats("from").OpenReadCount);
        _engine.Kill();
        Assert.Equal("", Rest("from"));
        Assert.Equal("first b c", Rest("to"));
    }

    [Fact]
    public void What_the_target_does_not_take_stays_open_and_goes_back()
    {
        _engine.Tell("to", options => options.MaxItems = 2);
        _engine.Append("from", "a", "b", "c");
        _engine.Append("to", "first");
        var items = Open(3);

        var passed = Pass(items);
        _engine.Commit();

        Assert.Equal(1, passed.Count);
        Assert.Equal(2, _engine.Stats("from").OpenReadCount);
        _engine.Abort("from", items[1].Sequence);
        _engine.Abort("from", items[2].Sequence);
        Assert.Equal("b c", Rest("from"));
    }

    [Fact]
    public void A_deleted_target_is_said()
    {
        _engine.Append("from", "a");
        _engine.Append("to", "first");
        var target = _engine["to"];
        var items = Open(1);
        _engine.Queues.Delete(QueueName.Parse("to"));

        var passed = _engine.Queues.Pass(_engine["from"], Engine.Session(1), items, target);

        Assert.Equal((0, true), (passed.Count, passed.IsTargetGone));
    }

    private List<Item> Open(int count) => [.. Enumerable.Range(0, count).Select(_ => _engine.TakeItem("from"))];

    private PassedItems Pass(List<Item> items)
        => _engine.Queues.Pass(_engine["from"], Engine.Session(1), items, _engine["to"]);

    private string Rest(string queue)
    {
        var rest = new List<string>();
        while (_engine.Take(queue, session: 2) is { } payload)
        {
            rest.Add(payload);
        }

        return string.Join(' ', rest);
    }
}
