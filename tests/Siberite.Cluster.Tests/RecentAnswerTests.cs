using Microsoft.Extensions.Time.Testing;

namespace Siberite.Cluster.Tests;

public sealed class RecentAnswerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<TaskCompletionSource<int>> _asked = [];

    [Fact]
    public async Task A_flood_of_questions_asks_once_in_a_lifetime()
    {
        var answer = New(TimeSpan.FromSeconds(1));
        var first = answer.ReadAsync(Ask);
        _asked[0].SetResult(1);
        _time.Advance(TimeSpan.FromSeconds(0.999));
        for (var i = 0; i < 1_000; i++)
        {
            Assert.Equal(1, await answer.ReadAsync(Ask));
        }

        Assert.Equal(1, await first);
        Assert.Single(_asked);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        var second = answer.ReadAsync(Ask);
        _asked[1].SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task Whoever_asks_meanwhile_waits_for_the_answer_that_is_on_its_way()
    {
        var answer = New(TimeSpan.FromSeconds(1));
        var first = answer.ReadAsync(Ask);
        _time.Advance(TimeSpan.FromSeconds(30));
        var second = answer.ReadAsync(Ask);
        Assert.False(second.IsCompleted);

        Assert.Single(_asked).SetResult(1);

        Assert.Equal((1, 1), (await first, await second));
    }

    [Fact]
    public async Task A_failure_is_not_told_again()
    {
        var answer = New(TimeSpan.FromSeconds(1));
        var first = answer.ReadAsync(Ask);
        _asked[0].SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => first);

        var second = answer.ReadAsync(Ask);
        _asked[1].SetResult(2);
        Assert.Equal(2, await second);
    }

    [Fact]
    public void Without_a_lifetime_every_question_is_asked()
    {
        var answer = New(TimeSpan.Zero);
        _ = answer.ReadAsync(Ask);
        _ = answer.ReadAsync(Ask);

        Assert.Equal(2, _asked.Count);
    }

    private RecentAnswer<int> New(TimeSpan lifetime) => new(_time, lifetime);

    private Task<int> Ask()
    {
        _asked.Add(new TaskCompletionSource<int>());
        return _asked[^1].Task;
    }
}
