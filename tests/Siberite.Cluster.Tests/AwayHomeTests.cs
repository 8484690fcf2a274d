using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What clients and operators are told of homes that are away, or were.</summary>
public sealed class AwayHomeTests
{
    private static readonly SessionId Reader = Session(7);

    /// <remarks>The item is served again: whoever was told <c>END</c> would have done its work twice and never
    /// known.</remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_close_of_what_a_home_has_forgotten_is_refused(bool waits)
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, gateway) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("work", waits ? 0 : 1);
        await home.OpenAsync("work");
        var queue = await gateway.OpenAsync("work");
        var taking = queue.TakeAsync(Reader, TakeMode.Open, waits ? ClusterActs.LongWait : TimeSpan.Zero);
        if (waits)
        {
            await home.AppendAsync("work", "00000");
        }

        var taken = (await taking).Item;
        var disk = await cluster.StopAsync(home);
        await cluster.UntilKnownAsync(home, isHere: false);
        await cluster.AddAsync(disk);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () => await queue.CloseAsync(Reader, taken.Sequence));

        Assert.Equal(SiberiteError.ReadLost, refusal.Error);
        Assert.Equal("00000", await gateway.TakeAsync("work"));
    }

    /// <remarks>An abort asks for what has happened already.</remarks>
    [Fact]
    public async Task An_abort_of_what_a_home_has_forgotten_is_done_and_so_is_a_close_of_what_it_opened_since()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (home, gateway) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("work", 1);
        var queue = await gateway.OpenAsync("work");
        var former = (await queue.TakeAsync(Reader, TakeMode.Open, TimeSpan.Zero)).Item;
        var disk = await cluster.StopAsync(home);
        await cluster.UntilKnownAsync(home, isHere: false);
        var again = await cluster.AddAsync(disk);

        await queue.AbortAsync(Reader, former.Sequence);
        queue = await gateway.OpenAsync("work");
        var taken = await queue.TakeAsync(Reader, TakeMode.Open, TimeSpan.Zero);
        Assert.Equal((TakeStatus.Taken, former.Sequence), (taken.Status, taken.Item.Sequence));
        await queue.CloseAsync(Reader, taken.Item.Sequence);

        Assert.Equal(0L, again.Queues.ItemCount);
    }

    /// <remarks>The first of them finds out, at the price of a time-out; the others have waited for that already.
    /// </remarks>
    [Fact]
    public async Task Look_ups_of_a_queue_whose_home_is_silent_share_one_time_out()
    {
        var calls = new CallCounter();
        await using var cluster = await TestCluster.StartAsync(
            2, configureSilo: silo => silo.AddIncomingGrainCallFilter(calls));
        var (home, gateway) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("work", 1);
        var silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var opens = 0;
        calls.Hold = context =>
        {
            if (context.InterfaceMethod.DeclaringType != typeof(IQueueGrain))
            {
                return Task.CompletedTask;
            }

            Interlocked.Increment(ref opens);
            return silence.Task;
        };

        var lookUps = Enumerable.Range(0, 20)
            .Select(_ => gateway.Router.FindAsync(QueueName.Parse("work")).AsTask()).ToArray();

        foreach (var lookUp in lookUps)
        {
            var refusal = await Assert.ThrowsAsync<SiberiteException>(() => lookUp);
            Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        }

        Assert.InRange(Volatile.Read(ref opens), 1, 3); // More than one where a slow machine takes a second for them.
        silence.SetResult();
    }

    [Fact]
    public async Task A_home_that_is_away_is_no_error_in_the_log()
    {
        var errors = new ErrorLog();
        await using var cluster = await TestCluster.StartAsync(
            2, configureSilo: silo => silo.Services.AddSingleton<ILoggerProvider>(errors));
        var (home, gateway) = (cluster.Silos[0], cluster.Silos[1]);
        await home.FillAsync("work", 1);
        var known = await gateway.OpenAsync("work");
        await cluster.KillAsync(home);
        await TestCluster.DeclareDeadAsync(gateway, home);
        await cluster.UntilKnownAsync(home, isHere: false);
        errors.Lines.Clear();

        for (var i = 0; i < 10; i++)
        {
            await Assert.ThrowsAsync<SiberiteException>(() => gateway.TakeAsync("work"));
            await Assert.ThrowsAsync<SiberiteException>(() => gateway.AppendAsync("work", "one"));
            await Record.ExceptionAsync(async () => await known.AppendAsync(Draft("one")));
        }

        Assert.DoesNotContain(errors.Lines, line => line.Contains("work@", StringComparison.Ordinal));
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
