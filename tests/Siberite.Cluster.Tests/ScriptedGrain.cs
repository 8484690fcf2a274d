using System.Threading.Channels;
using Siberite.Contracts;

namespace Siberite.Cluster.Tests;

/// <summary>A queue grain that answers when and as a test says, and shows what it was asked.</summary>
internal sealed class ScriptedGrain : IQueueGrain
{
    private readonly Channel<Call> _calls = Channel.CreateUnbounded<Call>();
    private readonly Channel<WaitCall> _waits = Channel.CreateUnbounded<WaitCall>();
    private readonly Channel<SessionId> _cancellations = Channel.CreateUnbounded<SessionId>();

    /// <summary>The next call of <see cref="ExecuteAsync"/>.</summary>
    public ValueTask<Call> NextCallAsync() => _calls.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public ValueTask<WaitCall> NextWaitAsync() => _waits.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public ValueTask<SessionId> NextCancellationAsync()
        => _cancellations.Reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>The run that its calls must expect.</summary>
    public long Run { get; set; } = 1;

    public ValueTask<QueueReply> ExecuteAsync(QueueCall queueCall)
    {
        if (queueCall.ExpectedRun != Run)
        {
            return new(new QueueReply(Run, Outcomes: default));
        }

        var call = new Call(queueCall);
        _calls.Writer.TryWrite(call);
        return new(AnswerAsync(call));
    }

    public ValueTask<QueueOutcome?> WaitAsync(GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait)
    {
        var call = new WaitCall(session, wait);
        _waits.Writer.TryWrite(call);
        return new(call.Task);
    }

    public ValueTask CancelWaitAsync(SessionId session)
    {
        _cancellations.Writer.TryWrite(session);
        return default;
    }

    public ValueTask<QueueOutcome?> WaitAtCursorAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait, CursorName cursor)
        => WaitAsync(gateway, session, mode, wait);

    public ValueTask CancelCursorWaitAsync(SessionId session, CursorName cursor) => CancelWaitAsync(session);

    public ValueTask<long> OpenAsync() => new(Run);

    public ValueTask<long> OpenShardAsync() => OpenAsync();

    public ValueTask<bool> DeleteAsync() => new(true);

    public ValueTask<bool> DeleteOutlivedAsync() => throw new NotSupportedException();

    public static QueueOutcome Taken(long sequence)
        => new(default, TakeStatus.Taken, new Item(sequence, [(byte)'x'], Flags: 0), Error: null);

    private async Task<QueueReply> AnswerAsync(Call call) => new(Run, new QueueOutcomes(await call.Task));

    internal sealed class Call(QueueCall call)
        : TaskCompletionSource<QueueOutcome[]>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Number => call.Number;

        public QueueCommand[] Commands => call.Commands.Items;

        public IEnumerable<QueueCommandKind> Kinds => Commands.Select(command => command.Kind);

        /// <summary>Answers each command with the outcome that means success without an item.</summary>
        public void Answer() => SetResult(new QueueOutcome[Commands.Length]);
    }

    internal sealed class WaitCall(SessionId session, TimeSpan wait)
        : TaskCompletionSource<QueueOutcome?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public SessionId Session => session;

        public TimeSpan Wait => wait;
    }
}
