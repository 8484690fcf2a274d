using System.Buffers;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A queue on another silo, reached through its grain.</summary>
/// <remarks>
/// One call is under way at a time. Commands that arrive meanwhile go together in the next one, in their order, so
/// that cost and commits are shared. How much may pile up is the gateway's limit: it counts bytes in flight.
/// <para>A command whose reply was lost may have taken effect. An append says so; a take is recalled, so that an item
/// it won goes back. The recall cannot overtake its take: the runtime drops a request whose time is out.</para>
/// This part sends; <c>GrainQueue.Waiting</c> waits.
/// </remarks>
internal sealed partial class GrainQueue(
    QueueAddress address, IQueueGrain grain, TimeProvider time, Action<GrainQueue> onGone, ILogger log)
    : IQueue, IThreadPoolWorkItem
{
    /// <summary>Commands in one call. 1,000: beyond it a call costs by the byte, not by the call.</summary>
    internal const int MaxCommandsPerCall = 1_000;

    /// <summary>Payload bytes after which a call is full: 1 MiB, as large as Orleans likes a message to be. A single
    /// larger item goes in a call of its own.</summary>
    internal const int MaxBytesPerCall = 1 << 20;

    /// <summary>Pause after a call without an answer when something must arrive. 1 s: membership needs a few to tell
    /// whether the silo is gone.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Calls that a command which must arrive is tried in. 10 are minutes of time-outs; a silo that is silent
    /// for so long has been declared dead and returned its open reads.</summary>
    internal const int MaxAttempts = 10;

    private readonly Lock _gate = new(); // Guards what follows.
    private readonly LinkedList<RemoteCommand> _pending = new();
    private bool _isSending;

    /// <inheritdoc/>
    public QueueName Name => address.Name;

    /// <summary>The queue's home.</summary>
    public StoreId Store => address.Store;

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        => AppendAsync(Enqueue(new QueueCommand(
            QueueCommandKind.Append, default, draft.Payload.ToArray(), draft.Flags, draft.ExpiresAt, draft.MustSync,
            default, Sequence: 0)));

    /// <inheritdoc/>
    public async ValueTask<Commit> CloseAsync(SessionId session, long sequence)
    {
        await Enqueue(Command(QueueCommandKind.Close, session, sequence)).Task;
        return default; // Committed when it arrives.
    }

    /// <inheritdoc/>
    public async ValueTask AbortAsync(SessionId session, long sequence)
        => await Enqueue(Command(QueueCommandKind.Abort, session, sequence)).Task;

    /// <inheritdoc/>
    public async ValueTask<Commit> PurgeAsync()
    {
        await Enqueue(Command(QueueCommandKind.Purge, default, sequence: 0)).Task;
        return default;
    }

    /// <summary>Sends until nothing is pending. On a thread of the pool, so that a session which enqueues a pipeline
    /// of commands gets them into few calls.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendAsync();

    private static QueueCommand Command(QueueCommandKind kind, SessionId session, long sequence)
        => new(kind, session, Payload: null, Flags: 0, ExpiresAt: 0, MustSync: false, default, sequence);

    private async ValueTask<AppendResult> AppendAsync(RemoteCommand command)
    {
        var outcome = await command.Task;
        if (outcome.Append == AppendStatus.Gone)
        {
            onGone(this);
        }

        return new AppendResult(outcome.Append, default);
    }

    private RemoteCommand Enqueue(QueueCommand command)
    {
        var pending = new RemoteCommand(command);
        bool mustStart;
        lock (_gate)
        {
            _pending.AddLast(pending);
            mustStart = !_isSending;
            _isSending = true;
        }

        if (mustStart)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        return pending;
    }

    private async Task SendAsync()
    {
        while (NextCall() is { } call)
        {
            if (!await TrySendAsync(call))
            {
                await Task.Delay(RetryDelay, time);
            }
        }
    }

    private RemoteCommand[]? NextCall()
    {
        lock (_gate)
        {
            if (_pending.Count == 0)
            {
                _isSending = false;
                return null;
            }

            var call = new List<RemoteCommand>();
            var bytes = 0;
            while (_pending.First is { } next
                && call.Count < MaxCommandsPerCall
                && (call.Count == 0 || bytes + next.Value.Bytes <= MaxBytesPerCall))
            {
                call.Add(next.Value);
                bytes += next.Value.Bytes;
                _pending.RemoveFirst();
            }

            return [.. call];
        }
    }

    /// <returns><see langword="false"/> when something must be tried again.</returns>
    private async Task<bool> TrySendAsync(RemoteCommand[] call)
    {
        try
        {
            var outcomes = await grain.ExecuteAsync(Array.ConvertAll(call, command => command.Command));
            for (var i = 0; i < call.Length; i++)
            {
                call[i].Complete(outcomes[i]);
            }

            return true;
        }
#pragma warning disable CA1031 // The pump must live on; an unknown failure is as good as a lost reply.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCallFailed(log, e, Name.Value, call.Length);
            var failure = GrainCallFailure.From(e, Name)
                ?? GrainCallFailure.From(new TimeoutException(e.Message, e), Name)!.Value;
            return !Fail(call, failure);
        }
    }

    /// <returns>Whether commands that must arrive are pending again.</returns>
    private bool Fail(RemoteCommand[] call, GrainCallFailure failure)
    {
        var mustArrive = new List<RemoteCommand>();
        foreach (var command in call)
        {
            if (failure.IsUnknown && command.MustArrive)
            {
                mustArrive.Add(command);
            }
            else if (failure.IsUnknown && command.Command.Kind == QueueCommandKind.Take)
            {
                mustArrive.Add(new RemoteCommand(
                    Command(QueueCommandKind.Recall, command.Command.Session, sequence: 0)));
            }
        }

        mustArrive.RemoveAll(HasBeenTriedEnough);
        PutFirst(mustArrive);
        foreach (var command in call)
        {
            // Told at last: a session that hears of it takes again, and that take must stand behind the recall.
            command.Fail(command.Command.Kind == QueueCommandKind.Take ? failure.AsUnavailable(Name) : failure.Refusal);
        }

        return mustArrive.Count > 0;
    }

    private bool HasBeenTriedEnough(RemoteCommand command)
    {
        if (++command.AttemptCount < MaxAttempts)
        {
            return false;
        }

        LogGaveUp(log, Name.Value, command.Command.Session.Number);
        return true;
    }

    /// <summary>Before anything else of their sessions: no later take may be given back in place of the lost one.
    /// </summary>
    private void PutFirst(List<RemoteCommand> commands)
    {
        lock (_gate)
        {
            for (var i = commands.Count - 1; i >= 0; i--)
            {
                _pending.AddFirst(commands[i]);
            }
        }
    }
}
