using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

// Waits for items of a queue elsewhere.
public sealed partial class GrainQueueTests
{
    [Fact]
    public async Task A_wait_looks_first_and_is_then_renewed_slice_by_slice()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(20));
        (await _grain.NextCallAsync()).Answer();
        var first = await _grain.NextWaitAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        first.SetResult(null);
        var second = await _grain.NextWaitAsync();
        second.SetResult(ScriptedGrain.Taken(sequence: 4));

        Assert.Equal(4, (await take).Item.Sequence);
        Assert.Equal((20.0, 15.0), (first.Wait.TotalSeconds, second.Wait.TotalSeconds));
    }

    [Fact]
    public async Task A_wait_whose_time_is_over_is_ended_at_home()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        (await _grain.NextCallAsync()).Answer();
        var slice = await _grain.NextWaitAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        slice.SetResult(null);

        Assert.Equal(Session(1), await _grain.NextCancellationAsync());
        Assert.Equal(TakeStatus.Empty, (await take).Status);
    }

    [Fact]
    public async Task A_cancelled_wait_is_ended_at_home_and_may_still_bring_an_item()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        (await _grain.NextCallAsync()).Answer();
        var slice = await _grain.NextWaitAsync();

        _queue.CancelWait(Session(1));
        Assert.Equal(Session(1), await _grain.NextCancellationAsync());
        slice.SetResult(ScriptedGrain.Taken(sequence: 4));

        Assert.Equal(4, (await take).Item.Sequence);
    }

    [Fact]
    public async Task A_wait_cancelled_before_its_first_slice_never_begins_one()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        var call = await _grain.NextCallAsync();

        _queue.CancelWait(Session(1));
        call.Answer();

        Assert.Equal(TakeStatus.Empty, (await take).Status);
    }

    [Fact]
    public async Task A_cancelled_wait_for_a_queue_that_has_gone_looks_where_it_is_now()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        var call = await _grain.NextCallAsync();

        _queue.CancelWait(Session(1));
        call.SetResult([new QueueOutcome(AppendStatus.Stored, TakeStatus.Gone, default, Error: null)]);
        var slice = await _grain.NextWaitAsync();
        slice.SetResult(ScriptedGrain.Taken(sequence: 4));

        Assert.Equal(TimeSpan.Zero, slice.Wait);
        Assert.Equal(4, (await take).Item.Sequence);
    }

    [Fact]
    public async Task A_lost_slice_is_recalled()
    {
        var take = TakeAsync(Session(1), TimeSpan.FromSeconds(5));
        (await _grain.NextCallAsync()).Answer();

        (await _grain.NextWaitAsync()).SetException(new TimeoutException());
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal([QueueCommandKind.Recall], next.Kinds);
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => take);
        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
    }
}
