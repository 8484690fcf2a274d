using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Testing;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

public sealed partial class GrainQueueTests
{
    private readonly ScriptedGrain _grain = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<GrainQueue> _gone = [];
    private readonly GrainQueue _queue;

    public GrainQueueTests()
    {
        var address = new QueueAddress(QueueName.Parse("work"), new StoreId(Guid.NewGuid()));
        var gateway = new GatewayAddress(1, SiloAddress.Zero);
        var parts = new GrainQueueParts(gateway, _time, _gone.Add, _ => "two", _ => default, NullLogger.Instance);
        _queue = new GrainQueue(address, _grain, parts, run: 0);
    }

    /// <remarks>The pool may send the first command before the second is there: only what follows is certain.</remarks>
    [Fact]
    public async Task Commands_that_come_during_a_call_go_together_in_the_next_in_order()
    {
        var first = _queue.AppendAsync(Draft("0"));
        var call = await _grain.NextCallAsync();
        var rest = Enumerable.Range(1, 100).Select(i => _queue.AppendAsync(Draft($"{i}")).AsTask()).ToArray();

        call.Answer();
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal(AppendStatus.Stored, (await first).Status);
        await Task.WhenAll(rest);
        Assert.Equal(
            Enumerable.Range(1, 100).Select(i => $"{i}"),
            next.Commands.Select(command => System.Text.Encoding.ASCII.GetString(command.Payload!)));
        Assert.All(next.Commands, command => Assert.Equal(7u, command.Flags));
    }

    [Fact]
    public async Task A_call_is_bounded_in_commands()
    {
        var (held, appends) = await HoldAndAppendAsync(count: 1_500, bytes: 1);

        held.Answer();
        var second = await _grain.NextCallAsync();
        second.Answer();
        var third = await _grain.NextCallAsync();
        third.Answer();

        Assert.Equal((1_000, 500), (second.Commands.Length, third.Commands.Length));
        await Task.WhenAll(appends);
    }

    [Fact]
    public async Task A_call_is_bounded_in_bytes_and_a_larger_item_goes_alone()
    {
        var (held, appends) = await HoldAndAppendAsync(count: 4, bytes: 400_000);
        var large = _queue.AppendAsync(Draft(new byte[2 << 20]));

        held.Answer();
        foreach (var count in new[] { 2, 2, 1 })
        {
            var call = await _grain.NextCallAsync();
            Assert.Equal(count, call.Commands.Length);
            call.Answer();
        }

        await Task.WhenAll(appends);
        await large;
    }

    [Fact]
    public async Task A_lost_reply_to_an_append_says_that_the_outcome_is_unknown()
    {
        var append = _queue.AppendAsync(Draft("one"));

        await LoseTwiceAsync();

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await append);
        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
        Assert.Contains("may have taken effect", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_reply_to_a_take_is_followed_by_its_recall_before_anything_else()
    {
        var take = TakeAsync(Session(1));
        var lost = await LoseTwiceAsync();
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => take);
        var append = _queue.AppendAsync(Draft("one"));
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        Assert.Equal([QueueCommandKind.RecallCall, QueueCommandKind.Append], next.Kinds);
        Assert.Equal(lost, next.Commands[0].Sequence);
        await append;
    }

    [Fact]
    public async Task A_rejected_take_won_nothing_and_is_not_recalled()
    {
        var take = TakeAsync(Session(1));
        (await _grain.NextCallAsync()).SetException(new OrleansException("No silo."));
        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => take);

        var append = _queue.AppendAsync(Draft("one"));
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        Assert.Equal([QueueCommandKind.Append], next.Kinds);
        await append;
    }

    [Fact]
    public async Task An_abort_is_repeated_until_it_arrives()
    {
        var abort = _queue.AbortAsync(Session(1), sequence: 3).AsTask();
        await LoseTwiceAsync();
        await Assert.ThrowsAsync<SiberiteException>(() => abort);

        var repeated = await NextCallAfterDelayAsync();
        repeated.Answer();

        Assert.Equal([QueueCommandKind.Abort], repeated.Kinds);
        Assert.Equal(3, repeated.Commands[0].Sequence);
    }

    [Fact]
    public async Task An_outcome_carries_its_own_refusal()
    {
        var append = _queue.AppendAsync(Draft("one"));

        (await _grain.NextCallAsync()).SetResult([new QueueOutcome(default, default, default, SiberiteError.DiskFull)]);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await append);
        Assert.Equal(SiberiteError.DiskFull, refusal.Error);
    }

    [Fact]
    public async Task A_queue_that_is_gone_is_forgotten()
    {
        var append = _queue.AppendAsync(Draft("one"));

        (await _grain.NextCallAsync()).SetResult([new QueueOutcome(AppendStatus.Gone, default, default, Error: null)]);

        Assert.Equal(AppendStatus.Gone, (await append).Status);
        Assert.Equal([_queue], _gone.Distinct());
    }

    /// <remarks>
    /// Goal: a command that finds the queue made again at its home does not overtake an earlier one that came back.
    /// Method: two appends behind one that comes back, one before the answer and one after; a close still goes.
    /// </remarks>
    [Fact]
    public async Task What_comes_behind_a_command_that_came_back_comes_back_too()
    {
        var first = _queue.AppendAsync(Draft("one")).AsTask();
        var call = await _grain.NextCallAsync();
        var second = _queue.AppendAsync(Draft("two")).AsTask();
        var close = _queue.CloseAsync(Session(1), sequence: 3).AsTask();

        call.SetResult([new QueueOutcome(AppendStatus.Gone, default, default, Error: null)]);
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal([QueueCommandKind.Close], next.Kinds);
        Assert.All(await Task.WhenAll(first, second), append => Assert.Equal(AppendStatus.Gone, append.Status));
        Assert.Equal(AppendStatus.Gone, (await _queue.AppendAsync(Draft("three"))).Status);
        await close;
    }

    [Fact]
    public async Task What_sessions_were_sent_is_closed_together_behind_what_they_took()
    {
        var take = TakeAsync(Session(1));
        var call = await _grain.NextCallAsync();
        _queue.CloseSent(Session(1), sequence: 3);
        _queue.CloseSent(Session(1), sequence: 4);
        _queue.CloseSent(Session(2), sequence: 5);
        _queue.OpenCursor(CursorName.Parse("c")).CloseSent(Session(2), sequence: 3);
        var other = TakeAsync(Session(2));
        _queue.CloseSent(Session(2), sequence: 6);

        call.SetResult([default]);
        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal(
            [(1, null, "3 4"), (2, null, "5"), (2, "c", "3"), (2, null, ""), (2, null, "6")],
            next.Commands.Select(command => (command.Session.Number, command.Cursor?.Value,
                string.Join(' ', command.Sequences ?? []))));
        await take;
        await other;
    }

    [Fact]
    public async Task A_close_of_what_was_sent_is_repeated_until_it_arrives_and_does_not_grow()
    {
        _queue.CloseSent(Session(1), sequence: 3);
        (await _grain.NextCallAsync()).SetException(new OrleansException("No silo."));
        await Poll.UntilAsync(() => Task.FromResult(_gone.Count > 0), "the call has failed", Poll.Patience);
        _queue.CloseSent(Session(1), sequence: 4);

        var repeated = await _grain.NextCallAsync();
        repeated.Answer();

        Assert.Equal([[3L], [4L]], repeated.Commands.Select(command => command.Sequences));
    }

    [Fact]
    public async Task A_call_whose_reply_was_lost_is_made_once_more_under_its_number()
    {
        var append = _queue.AppendAsync(Draft("one"));
        var first = await _grain.NextCallAsync();

        first.SetException(new TimeoutException());
        var again = await _grain.NextCallAsync();
        again.Answer();

        Assert.Equal(AppendStatus.Stored, (await append).Status);
        Assert.Equal(first.Number, again.Number);
    }

    [Fact]
    public async Task A_repeated_call_that_finds_another_run_is_unknown()
    {
        var append = _queue.AppendAsync(Draft("one"));
        var call = await _grain.NextCallAsync();

        _grain.Run = 2;
        call.SetException(new SiloUnavailableException());

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await append);
        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
    }

    [Fact]
    public async Task A_repeated_call_that_is_refused_is_still_unknown()
    {
        var append = _queue.AppendAsync(Draft("one"));
        (await _grain.NextCallAsync()).SetException(new TimeoutException());

        (await _grain.NextCallAsync()).SetException(new OrleansException("No silo."));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await append);
        Assert.Equal(SiberiteError.OutcomeUnknown, refusal.Error);
    }

    [Fact]
    public async Task A_first_call_to_a_run_that_is_new_is_made_again_there()
    {
        var first = _queue.AppendAsync(Draft("one"));
        (await _grain.NextCallAsync()).Answer();
        await first;
        _grain.Run = 2;

        var second = _queue.AppendAsync(Draft("two"));
        (await _grain.NextCallAsync()).Answer();

        Assert.Equal(AppendStatus.Stored, (await second).Status);
    }

    [Fact]
    public async Task What_waits_behind_a_call_that_failed_is_refused_and_not_sent()
    {
        var sent = TakeAsync(Session(1));
        var call = await _grain.NextCallAsync();
        var append = _queue.AppendAsync(Draft("one")).AsTask();

        call.SetException(new OrleansException("No silo."));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => append);
        Assert.Equal((SiberiteError.QueueUnavailable, "two"), (refusal.Error, refusal.Silo));
        await Assert.ThrowsAsync<SiberiteException>(() => sent);
        Assert.Equal([_queue], _gone);
    }

    [Fact]
    public async Task A_take_that_was_too_large_to_be_answered_again_is_recalled()
    {
        var take = TakeAsync(Session(1));
        var call = await _grain.NextCallAsync();
        call.SetResult([new QueueOutcome(default, TakeStatus.Taken, default, SiberiteError.OutcomeUnknown)]);

        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal([QueueCommandKind.RecallCall], next.Kinds);
        Assert.Equal(call.Number, next.Commands[0].Sequence);
        await Assert.ThrowsAsync<SiberiteException>(() => take);
    }

    [Fact]
    public async Task What_a_full_reply_left_out_goes_first_in_the_next_call_in_its_order()
    {
        var (held, appends) = await HoldAndAppendAsync(count: 3, bytes: 1);
        held.Answer();
        var call = await _grain.NextCallAsync();
        var later = _queue.AppendAsync(Draft("later")).AsTask();
        call.SetResult([default, Deferred, Deferred]);

        var next = await _grain.NextCallAsync();
        next.Answer();

        Assert.Equal(call.Commands[1..].Select(command => command.Payload), next.Commands[..2].Select(c => c.Payload));
        await Task.WhenAll([.. appends, later]);
    }

    /// <returns>The number of the call whose replies were lost.</returns>
    private async Task<long> LoseTwiceAsync()
    {
        (await _grain.NextCallAsync()).SetException(new TimeoutException());
        var again = await _grain.NextCallAsync();
        again.SetException(new TimeoutException());
        return again.Number;
    }

    private Task<TakeResult> TakeAsync(SessionId session, TimeSpan wait = default)
        => _queue.TakeAsync(session, TakeMode.Plain, wait).AsTask();

    private static QueueOutcome Deferred => new(default, default, default, Error: null, IsDeferred: true);

    private async Task<(ScriptedGrain.Call Held, Task[] Appends)> HoldAndAppendAsync(int count, int bytes)
    {
        var first = _queue.AppendAsync(Draft("0")).AsTask();
        var held = await _grain.NextCallAsync();
        var payload = new byte[bytes];
        return (held, [first, .. Enumerable.Range(0, count).Select(_ => _queue.AppendAsync(Draft(payload)).AsTask())]);
    }

    /// <summary>The pause begins at some moment after the failure: time passes until it is over.</summary>
    private async Task<ScriptedGrain.Call> NextCallAfterDelayAsync()
    {
        var next = _grain.NextCallAsync().AsTask();
        while (!next.IsCompleted)
        {
            _time.Advance(GrainQueue.RetryDelay);
            await Task.Yield();
        }

        return await next;
    }
}
