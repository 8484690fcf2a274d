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

    public ValueTask<QueueOutcome[]> ExecuteAsync(QueueCommand[] commands)
    {
        var call = new Call(commands);
        _calls.Writer.TryWrite(call);
        return new(call.Task);
    }

    public ValueTask<QueueOutcome?> WaitAsync(SessionId session, TakeMode mode, TimeSpan wait)
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

    public ValueTask OpenAsync() => default;

    public ValueTask DeleteAsync() => default;

    public static QueueOutcome Taken(long sequence)
        => new(default, TakeStatus.Taken, new Item(sequence, [(byte)'x'], Flags: 0), Error: null);

    internal sealed class Call(QueueCommand[] commands)
        : TaskCompletionSource<QueueOutcome[]>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public QueueCommand[] Commands => commands;

        public IEnumerable<QueueCommandKind> Kinds => commands.Select(command => command.Kind);

        /// <summary>Answers each command with the outcome that means success without an item.</summary>
        public void Answer() => SetResult(new QueueOutcome[commands.Length]);
    }

    internal sealed class WaitCall(SessionId session, TimeSpan wait)
        : TaskCompletionSource<QueueOutcome?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public SessionId Session => session;

        public TimeSpan Wait => wait;
    }
}
