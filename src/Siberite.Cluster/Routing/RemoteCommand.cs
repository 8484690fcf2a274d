using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A command on its way to a queue's home, and the promise of its outcome.</summary>
/// <remarks>Continuations run elsewhere: whoever completes a thousand of these has the next call to send.</remarks>
internal sealed class RemoteCommand(QueueCommand command)
    : TaskCompletionSource<QueueOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public QueueCommand Command => command;

    /// <summary>What it counts towards the size of a call.</summary>
    public int Bytes => command.Payload?.Length ?? 0;

    /// <summary>Whether it has to arrive: were it lost, an item would stay open that no session knows of. Such a
    /// command may be repeated without harm.</summary>
    public bool MustArrive
        => command.Kind is QueueCommandKind.Close or QueueCommandKind.Abort or QueueCommandKind.Recall;

    /// <summary>When it failed first, by the clock's own ticks.</summary>
    public long? FailedAt { get; set; }

    /// <summary>Whether it failed, without effect, because the home it was sent to is away: the queue may have another
    /// one by now.</summary>
    public bool HasStaleHome { get; private set; }

    /// <summary>When its queue stood still first, by the clock's own ticks.</summary>
    public long? HeldAt { get; set; }

    public void Complete(QueueOutcome outcome)
    {
        if (outcome.Error is { } error)
        {
            Fail(new SiberiteException(error, $"The queue's silo refused the command: {error}.", inner: null));
        }
        else
        {
            TrySetResult(outcome);
        }
    }

    /// <summary>Tells an append or a take, which had no effect, to look for the queue's home again.</summary>
    public void Redirect()
    {
        HasStaleHome = true;
        TrySetResult(new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null));
    }

    public void Fail(SiberiteException refusal)
    {
        if (TrySetException(refusal))
        {
            _ = Task.Exception; // Seen: nobody may be waiting for an abort.
        }
    }
}
