using System.Threading.Tasks.Sources;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A command on its way to a queue's home, and the promise of its outcome.</summary>
/// <remarks>
/// One object serves the whole way: it waits in line, and whoever made it awaits it, once, as what the command is for.
/// Continuations run where it ends.
/// </remarks>
internal sealed class RemoteCommand(GrainQueue queue, in QueueCommand command)
    : IValueTaskSource<QueueOutcome>, IValueTaskSource<AppendResult>, IValueTaskSource<TakeResult>,
        IValueTaskSource<Commit>, IValueTaskSource<bool>, IValueTaskSource
{
    /// <summary>Items in one close of what was sent. 1,000, as commands in one call.</summary>
    private const int MaxSequences = GrainQueue.MaxCommandsPerCall;

    private QueueCommand _command = command;
    private List<long>? _sequences; // Of a close of what was sent, until it is sealed.
    private ManualResetValueTaskSourceCore<QueueOutcome> _end; // Not readonly: it changes.
    private int _hasEnded;

    public ref readonly QueueCommand Command => ref _command;

    /// <summary>What it counts towards the size of a call.</summary>
    public int Bytes
        => (_command.Payload?.Length ?? 0)
            + (sizeof(long) * (_sequences?.Count ?? _command.Sequences?.Length ?? 0));

    /// <summary>Whether it has to arrive: were it lost, an item would stay open that no session knows of. Such a
    /// command may be repeated without harm.</summary>
    public bool MustArrive
        => _command.Kind is QueueCommandKind.Close or QueueCommandKind.CloseSent or QueueCommandKind.Abort
            or QueueCommandKind.Return or QueueCommandKind.Recall or QueueCommandKind.RecallCall;

    /// <summary>When it failed first, by the clock's own ticks.</summary>
    public long? FailedAt { get; set; }

    /// <summary>Whether it failed, without effect, because the home it was sent to is away: the queue may have another
    /// one by now.</summary>
    public bool HasStaleHome { get; private set; }

    /// <summary>Of the end of an open read: the run of the home in which it was opened; 0 if that is not
    /// known.</summary>
    public long OpenedIn { get; init; }

    /// <summary>The run of the home that answered.</summary>
    public long Run { get; set; }

    /// <summary>When its queue stood still first, by the clock's own ticks.</summary>
    public long? HeldAt { get; set; }

    /// <summary>Adds an item to a close of what was sent, if it is one of the same reader and not yet sealed.</summary>
    public bool TryAdd(SessionId session, CursorName? cursor, long sequence)
    {
        var isSealed = _command.Sequences is not null;
        if (_command.Kind != QueueCommandKind.CloseSent || isSealed || _sequences?.Count >= MaxSequences
            || _command.Session != session || !Equals(_command.Cursor, cursor))
        {
            return false;
        }

        (_sequences ??= []).Add(sequence);
        return true;
    }

    /// <summary>It is about to be sent, and stays as it is.</summary>
    public void Seal()
    {
        if (_sequences is not null)
        {
            _command = _command with { Sequences = [.. _sequences] };
            _sequences = null;
        }
    }

    public ValueTask<QueueOutcome> AsOutcome() => new(this, _end.Version);

    public ValueTask<AppendResult> AsAppend() => new(this, _end.Version);

    public ValueTask<TakeResult> AsTake() => new(this, _end.Version);

    /// <summary>What the reply waits for: nothing, it is committed when it arrives.</summary>
    public ValueTask<Commit> AsCommit() => new(this, _end.Version);

    public ValueTask AsAbort() => new(this, _end.Version);

    /// <summary>Whether the item is still open.</summary>
    public ValueTask<bool> AsTouch() => new(this, _end.Version);

    public void Complete(in QueueOutcome outcome)
    {
        if (outcome.Error is { } error)
        {
            Fail(new SiberiteException(error, $"The queue's silo refused the command: {error}.", inner: null));
        }
        else if (TryEnd())
        {
            _end.SetResult(outcome);
        }
    }

    /// <summary>Tells an append or a take, which had no effect, to look for the queue's home again.</summary>
    public void Redirect()
    {
        HasStaleHome = true;
        Complete(new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null));
    }

    public void Fail(SiberiteException refusal)
    {
        if (TryEnd())
        {
            _end.SetException(refusal);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<QueueOutcome>.GetStatus(short token) => _end.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _end.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<TakeResult>.GetStatus(short token) => _end.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<Commit>.GetStatus(short token) => _end.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _end.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _end.GetStatus(token);

    void IValueTaskSource<QueueOutcome>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<AppendResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<TakeResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<Commit>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _end.OnCompleted(continuation, state, token, flags);

    QueueOutcome IValueTaskSource<QueueOutcome>.GetResult(short token) => _end.GetResult(token);

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token)
    {
        var status = _end.GetResult(token).Append;
        queue.NoteIfGone(status == AppendStatus.Gone);
        return new AppendResult(status, default);
    }

    TakeResult IValueTaskSource<TakeResult>.GetResult(short token)
    {
        var outcome = _end.GetResult(token);
        queue.NoteIfGone(outcome.Take == TakeStatus.Gone);
        queue.NoteOpened(_command, outcome, Run);
        return new TakeResult(outcome.Take, outcome.Item, default);
    }

    Commit IValueTaskSource<Commit>.GetResult(short token)
    {
        _end.GetResult(token);
        return default;
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _end.GetResult(token).IsOpen;

    void IValueTaskSource.GetResult(short token) => _end.GetResult(token);

    private bool TryEnd() => Interlocked.Exchange(ref _hasEnded, 1) == 0;
}
