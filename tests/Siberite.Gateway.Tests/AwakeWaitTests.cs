using Microsoft.Extensions.Time.Testing;

namespace Siberite.Gateway.Tests;

/// <summary>When a poll thread waits awake.</summary>
public sealed class AwakeWaitTests
{
    private const int Warmth = 60 * AwakeWait.TryEvery;
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(9, 14, true)] // A wake-up costs time.
    [InlineData(30, 8, false)] // The client had to wait for this core.
    [InlineData(1_000, 1_000, false)] // A client far away.
    public void A_lone_client_is_waited_for_in_the_way_that_brings_its_request_sooner(
        int awakeMicroseconds, int asleepMicroseconds, bool isAwake)
    {
        var wait = new AwakeWait(_time, coreCount: 2);

        Play(wait, Warmth, awakeMicroseconds, asleepMicroseconds);

        var awakeCount = Play(wait, 10 * AwakeWait.TryEvery, awakeMicroseconds, asleepMicroseconds);
        Assert.Equal(isAwake ? 10 * (AwakeWait.TryEvery - 1) : 10, awakeCount);
    }

    [Fact]
    public void What_changes_is_noticed()
    {
        var wait = new AwakeWait(_time, coreCount: 2);
        Play(wait, Warmth, 9, 14);

        Play(wait, Warmth, 30, 8);

        Assert.Equal(10, Play(wait, 10 * AwakeWait.TryEvery, 30, 8));
    }

    [Theory]
    [InlineData(1, 2)] // Two clients in turn.
    [InlineData(0, 0)] // Several at once.
    public void With_several_clients_the_thread_always_sleeps(long one, long other)
    {
        var wait = new AwakeWait(_time, coreCount: 2);
        for (var round = 0; round < Warmth; round++)
        {
            Assert.False(wait.Begin());
            _time.Advance(TimeSpan.FromMicroseconds(5));
            wait.End(round % 2 == 0 ? one : other);
        }
    }

    [Fact]
    public void With_one_core_the_thread_always_sleeps()
        => Assert.Equal(0, Play(new AwakeWait(_time, coreCount: 1), Warmth, 9, 14));

    [Fact]
    public void A_wait_is_not_awake_for_long()
    {
        var wait = new AwakeWait(_time, coreCount: 2);
        Play(wait, Warmth, 9, 14);
        while (!wait.Begin())
        {
            wait.End(1);
        }

        Assert.False(wait.IsLate);
        _time.Advance(AwakeWait.Limit);
        Assert.True(wait.IsLate);
    }

    /// <returns>How many of the waits were awake.</returns>
    private int Play(AwakeWait wait, int rounds, int awakeMicroseconds, int asleepMicroseconds)
    {
        var awakeCount = 0;
        for (var round = 0; round < rounds; round++)
        {
            var isAwake = wait.Begin();
            awakeCount += isAwake ? 1 : 0;
            _time.Advance(TimeSpan.FromMicroseconds(isAwake ? awakeMicroseconds : asleepMicroseconds));
            wait.End(1);
        }

        return awakeCount;
    }
}
