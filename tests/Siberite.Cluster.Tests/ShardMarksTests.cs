using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;

namespace Siberite.Cluster.Tests;

public sealed class ShardMarksTests
{
    private static readonly StoreId One = new(Guid.NewGuid());
    private static readonly StoreId Two = new(Guid.NewGuid());

    private readonly FakeTimeProvider _time = new();
    private readonly ShardMarks _marks;

    public ShardMarksTests() => _marks = new ShardMarks(_time);

    [Fact]
    public void The_shard_with_most_items_is_asked_first()
    {
        _marks.Set(One, 2, isInvitation: false);
        _marks.Set(Two, 3, isInvitation: false);

        Assert.Equal([Two, One], AskUntilEmpty());
        Assert.False(_marks.HasAny);
    }

    [Fact]
    public void A_shard_that_owes_an_answer_is_asked_last()
    {
        _marks.Set(One, 2, isInvitation: false);
        _marks.Set(Two, 1, isInvitation: false);
        Assert.True(_marks.TryBeginAsk(out var hanging));
        Assert.Equal(One, hanging.Store);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(_marks.TryBeginAsk(out var ask));
        Assert.Equal(Two, ask.Store);
    }

    /// <remarks>News and the answer to an earlier question may cross: the answer must not hide the news.</remarks>
    [Fact]
    public void News_that_came_after_the_question_outlasts_an_empty_answer()
    {
        _marks.Set(One, 1, isInvitation: false);
        Assert.True(_marks.TryBeginAsk(out var ask));
        _marks.Set(One, 1, isInvitation: true);
        _marks.EndAsk(ask, hadItem: false);

        Assert.True(_marks.TryBeginAsk(out ask));
        _marks.EndAsk(ask, hadItem: false);
        Assert.False(_marks.HasAny);
    }

    [Fact]
    public void A_count_of_none_does_not_hide_later_news()
    {
        _marks.Set(One, 1, isInvitation: false);
        var version = _marks.VersionOf(One);
        _marks.Set(One, 1, isInvitation: false);

        _marks.ClearIfUnchanged(One, version);
        Assert.True(_marks.HasAny);
        _marks.ClearIfUnchanged(One, _marks.VersionOf(One));
        Assert.False(_marks.HasAny);
    }

    [Fact]
    public void As_many_sleepers_wake_as_there_are_items_in_their_order()
    {
        var sleepers = Enumerable.Range(0, 4).Select(_ => _marks.Sleep()).ToArray();

        _marks.Set(One, 5, isInvitation: false);
        Assert.DoesNotContain(sleepers, sleeper => sleeper.Task.IsCompleted);
        _marks.Set(One, 2, isInvitation: true);

        Assert.Equal([true, true, false, false], sleepers.Select(sleeper => sleeper.Task.IsCompleted));
    }

    [Fact]
    public void Whoever_got_an_item_wakes_the_next()
    {
        var first = _marks.Sleep();
        var second = _marks.Sleep();
        _marks.Set(One, 1, isInvitation: true);
        Assert.True(_marks.TryBeginAsk(out var ask));
        Assert.False(second.Task.IsCompleted);

        _marks.EndAsk(ask, hadItem: true);

        Assert.True(first.Task.IsCompleted);
        Assert.True(second.Task.IsCompleted);
        Assert.Equal(0, _marks.SleeperCount);
    }

    [Fact]
    public void Who_was_woken_and_has_an_item_already_passes_it_on()
    {
        var first = _marks.Sleep();
        var second = _marks.Sleep();
        _marks.Set(One, 1, isInvitation: true);

        _marks.Leave(first);

        Assert.True(second.Task.IsCompleted);
    }

    private List<StoreId> AskUntilEmpty()
    {
        var asked = new List<StoreId>();
        while (_marks.TryBeginAsk(out var ask))
        {
            asked.Add(ask.Store);
            _marks.EndAsk(ask, hadItem: false);
        }

        return asked;
    }
}
