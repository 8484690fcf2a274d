using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>A queue whose home is away, or has changed.</summary>
public sealed class ChangedHomeTests
{
    private readonly ScriptedGrain _grain = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<GrainQueue> _gone = [];
    private GrainQueue _queue;

    public ChangedHomeTests() => _queue = NewQueue();

    [Fact]
    public async Task A_home_that_served_and_is_away_is_doubted_once_until_it_is_named_and_serves_again()
    {
        _queue.ConfirmHome();
        await RejectAsync(isTold: true);
        await ServeAsync();
        await RejectAsync(isTold: false);
        Assert.True(_queue.IsRetired);

        _queue = NewQueue(); // As the router does, for the home that the directory names.
        _queue.ConfirmHome();
        await RejectAsync(isTold: true);
        await ServeAsync();
        await RejectAsync(isTold: false);
    }

    [Fact]
    public async Task A_home_that_the_directory_has_not_named_is_not_doubted()
    {
        await ServeAsync();
        await RejectAsync(isTold: true);
        await ServeAsync();
        await RejectAsync(isTold: true);
        Assert.False(_queue.IsRetired);
    }

    [Fact]
    public async Task A_wait_at_a_home_that_served_and_is_away_is_to_go_elsewhere()
    {
        _queue.ConfirmHome();
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        (await _grain.NextCallAsync()).Answer();

        (await _grain.NextWaitAsync()).SetException(new OrleansException("No silo."));

        Assert.Equal(TakeStatus.Gone, (await take).Status);
        Assert.Equal([_queue], _gone);
    }

    /// <remarks>It stood still for its move until the time was over.</remarks>
    [Fact]
    public async Task A_wait_for_a_queue_that_moved_meanwhile_does_not_end_as_if_it_were_empty()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromMilliseconds(30));
        var call = await _grain.NextCallAsync();
        _time.Advance(TimeSpan.FromMilliseconds(31));
        var gone = new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null);
        call.SetResult([gone]);

        var slice = await _grain.NextWaitAsync();
        Assert.Equal(TimeSpan.Zero, slice.Wait);
        slice.SetResult(gone);

        Assert.Equal(TakeStatus.Gone, (await take).Status);
    }

    private GrainQueue NewQueue()
    {
        var address = new QueueAddress(QueueName.Parse("work"), new StoreId(Guid.NewGuid()));
        var gateway = new GatewayAddress(1, SiloAddress.Zero);
        var parts = new GrainQueueParts(gateway, _time, _gone.Add, _ => "two", _ => default, NullLogger.Instance);
        return new GrainQueue(address, _grain, parts, run: 0);
    }

    private async Task ServeAsync()
    {
        var append = _queue.AppendAsync(Draft("one"));
        (await _grain.NextCallAsync()).Answer();
        Assert.Equal(AppendStatus.Stored, (await append).Status);
    }

    private async Task RejectAsync(bool isTold)
    {
        var append = _queue.AppendAsync(Draft("one")).AsTask();
        (await _grain.NextCallAsync()).SetException(new OrleansException("No silo."));
        if (isTold)
        {
            var refusal = await Assert.ThrowsAsync<SiberiteException>(() => append);
            Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        }
        else
        {
            Assert.Equal(AppendStatus.Gone, (await append).Status);
        }
    }

    private Task<TakeResult> TakeAsync(SessionId session, TimeSpan wait)
        => _queue.TakeAsync(session, TakeMode.Plain, wait).AsTask();
}
