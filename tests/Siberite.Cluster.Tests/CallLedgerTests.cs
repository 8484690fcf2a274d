using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;

namespace Siberite.Cluster.Tests;

public sealed class CallLedgerTests : IDisposable
{
    private static readonly QueueName Work = QueueName.Parse("work");

    private readonly FakeTimeProvider _time = new();
    private readonly CallLedger _ledger;
    private int _executedCount;

    public CallLedgerTests() => _ledger = new CallLedger(_time);

    public void Dispose() => _ledger.Dispose();

    [Fact]
    public async Task A_call_takes_effect_once_however_often_it_comes()
    {
        await OnceAsync(number: 1);
        await OnceAsync(number: 1);
        await OnceAsync(number: 2);

        Assert.Equal(2, _executedCount);
    }

    [Fact]
    public async Task A_call_that_comes_again_while_it_is_under_way_shares_its_end()
    {
        var end = new TaskCompletionSource<QueueOutcome[]>();
        var first = _ledger.OnceAsync(Work, Call(number: 1), (_, _, _) => end.Task, state: 0);
        var again = OnceAsync(number: 1);
        Assert.False(again.IsCompleted);

        end.SetResult([]);

        Assert.Same(await first, await again);
        Assert.Equal(0, _executedCount);
    }

    [Fact]
    public async Task A_call_that_comes_after_a_later_one_is_refused()
    {
        await OnceAsync(number: 2);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(() => OnceAsync(number: 1));

        Assert.Equal((SiberiteError.OutcomeUnknown, 1), (refusal.Error, _executedCount));
    }

    [Fact]
    public async Task Senders_gateways_and_queues_do_not_meddle()
    {
        await OnceAsync(number: 1);
        await OnceAsync(number: 1, sender: 2);
        await OnceAsync(number: 1, gateway: 2);
        await _ledger.OnceAsync(QueueName.Parse("other"), Call(number: 1), ExecuteAsync, state: 0);

        Assert.Equal(4, _executedCount);
    }

    [Fact]
    public async Task Outcomes_are_dropped_after_a_while_and_with_their_gateway()
    {
        await OnceAsync(number: 1);
        await OnceAsync(number: 1, gateway: 2);
        Assert.Equal(2, _ledger.Count);

        _ledger.Drop(gateway: 2);
        Assert.Equal(1, _ledger.Count);

        _time.Advance(CallLedger.Retention);
        Assert.Equal(0, _ledger.Count);
    }

    /// <remarks>Only what is kept for a repetition is cut, also when the outcome is there at once.</remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_first_answer_is_whole_however_large_it_is(bool isThereAtOnce)
    {
        QueueCommand[] takes = [new(QueueCommandKind.Take, Shorthand.Session(1), null, 0, 0, false, default, 0)];
        var payload = new byte[CallLedger.MaxKeptBytes + 1];
        QueueOutcome[] whole = [new(default, TakeStatus.Taken, new Item(1, payload, Flags: 0), Error: null)];
        var end = new TaskCompletionSource<QueueOutcome[]>();
        var first = _ledger.OnceAsync(
            Work, Call(number: 1) with { Commands = new(takes) },
            (_, _, _) => isThereAtOnce ? Task.FromResult(whole) : end.Task, state: 0);
        end.SetResult(whole);

        Assert.Same(payload, (await first).Single().Item.Payload);
        Assert.Equal(SiberiteError.OutcomeUnknown, (await OnceAsync(number: 1)).Single().Error);
    }

    [Fact]
    public async Task Takes_are_known_for_as_long_as_they_may_be_recalled_and_their_payloads_are_not()
    {
        QueueCommand[] takes = [new(QueueCommandKind.Take, Shorthand.Session(1), null, 0, 0, false, default, 0)];
        QueueOutcome[] taken = [new(default, TakeStatus.Taken, new Item(7, [1, 2, 3], Flags: 0), Error: null)];
        await _ledger.OnceAsync(
            Work, Call(number: 1) with { Commands = new(takes) }, (_, _, _) => Task.FromResult(taken), state: 0);
        _time.Advance(2 * CallLedger.Retention);

        PreviousCall? known = null;
        await _ledger.OnceAsync(Work, Call(number: 2), KnowAsync, state: 0);

        Assert.Equal(1, known!.Number);
        Assert.Equal(new Taker(Shorthand.Session(1), Cursor: null), Assert.Single(known.Takers!));
        var (item, error) = ((await known.Outcomes)[0].Item, (await known.Outcomes)[0].Error);
        Assert.Equal((7, 0, SiberiteError.OutcomeUnknown), (item.Sequence, item.Payload.Length, error));

        await _ledger.OnceAsync(
            Work, Call(number: 3) with { Commands = new(takes) }, (_, _, _) => Task.FromResult(taken), state: 0);
        _time.Advance(CallLedger.TakesRetention + CallLedger.Retention);
        Assert.Equal(0, _ledger.Count);

        Task<QueueOutcome[]> KnowAsync(int state, QueueCommand[] commands, PreviousCall previous)
        {
            known = previous;
            return ExecuteAsync(state, commands, previous);
        }
    }

    private Task<QueueOutcome[]> OnceAsync(long number, long sender = 1, long gateway = 1)
        => _ledger.OnceAsync(Work, Call(number, sender, gateway), ExecuteAsync, state: 0);

    private Task<QueueOutcome[]> ExecuteAsync(int state, QueueCommand[] commands, PreviousCall previous)
    {
        _executedCount++;
        return Task.FromResult(new QueueOutcome[1]);
    }

    private static QueueCall Call(long number, long sender = 1, long gateway = 1)
        => new(new GatewayAddress(gateway, SiloAddress.Zero), sender, number, ExpectedRun: 1, new QueueCommands([]));
}
