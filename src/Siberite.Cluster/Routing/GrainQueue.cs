using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A queue on another silo, reached through its grain.</summary>
/// <remarks>
/// One call is under way at a time. Commands that arrive meanwhile go together in the next one, in their order, so
/// that cost and commits are shared. How much may pile up is the gateway's limit: it counts bytes in flight.
/// <para>A call whose reply was lost is made once more, under its number: the run of the home that carried it out
/// answers as the first time. When that fails too, or another run answers, its commands may have taken effect. An
/// append says so; a take is recalled, so that an item it won goes back. The recall cannot be overtaken by its take:
/// the home refuses a call that comes after a later one.</para>
/// This part sends; <c>GrainQueue.Waiting</c> waits, <c>GrainQueue.Holding</c> follows queues that move.
/// </remarks>
internal sealed partial class GrainQueue : IQueue, IThreadPoolWorkItem
{
    /// <summary>Commands in one call. 1,000: beyond it a call costs by the byte, not by the call.</summary>
    internal const int MaxCommandsPerCall = 1_000;

    /// <summary>Payload bytes after which a call is full: 1 MiB, as large as Orleans likes a message to be. A single
    /// larger item goes in a call of its own.</summary>
    internal const int MaxBytesPerCall = 1 << 20;

    /// <summary>Pause after a call that failed when something must arrive, unless another command comes. 1 s:
    /// membership needs a few to tell whether the silo is gone.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>How long a command that must arrive is tried. 3 min: a silo that is away for so long has been declared
    /// dead, and has no open reads when it is back.</summary>
    internal static readonly TimeSpan RetryTimeout = TimeSpan.FromMinutes(3);

    private readonly IQueueGrain _grain;
    private readonly GrainQueueParts _parts;
    private readonly long _sender;
    private readonly Lock _gate = new(); // Guards what follows.
    private readonly LinkedList<RemoteCommand> _pending = new();
    private bool _isSending;
    private bool _isHeld; // Of the sender alone.
    private TaskCompletionSource? _pause; // Set while the sender pauses.
    private long _run; // The home's, as last heard of.

    /// <param name="address">The queue and its home.</param>
    /// <param name="grain">The grain there.</param>
    /// <param name="parts">What it shares with others.</param>
    /// <param name="run">The run of the home's silo, if it is known; else 0, and the first call asks.</param>
    public GrainQueue(QueueAddress address, IQueueGrain grain, GrainQueueParts parts, long run)
    {
        Address = address;
        _grain = grain;
        _parts = parts;
        _run = run;
        _sender = parts.NextNumber();
    }

    /// <inheritdoc/>
    public QueueName Name => Address.Name;

    /// <summary>The queue's home.</summary>
    public StoreId Store => Address.Store;

    public QueueAddress Address { get; }

    /// <summary>Whether nothing is under way.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return !_isSending && _pending.Count == 0;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        => AppendAsync(Enqueue(AppendCommands.Of(draft)));

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
    public async ValueTask ReturnAsync(SessionId session, long sequence)
        => await Enqueue(Command(QueueCommandKind.Return, session, sequence)).Task;

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
        => TouchAsync(session, sequence, lease, cursor: null);

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
            _parts.OnGone(this);
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
            _pause?.TrySetResult();
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
            var isSent = await TrySendAsync(call);
            if (_isHeld)
            {
                _isHeld = false;
                await Task.Delay(HeldDelay, _parts.Time);
            }
            else if (!isSent)
            {
                await PauseAsync();
            }
        }
    }

    private async Task PauseAsync()
    {
        var pause = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _pause = pause;
        }

        using var end = new CancellationTokenSource();
        await Task.WhenAny(pause.Task, Task.Delay(RetryDelay, _parts.Time, end.Token));
        await end.CancelAsync();
        lock (_gate)
        {
            _pause = null;
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
            return Complete(call, await ExecuteAsync(Array.ConvertAll(call, command => command.Command)));
        }
#pragma warning disable CA1031 // The pump must live on; an unknown failure is as good as a lost reply.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCallFailed(_parts.Log, e, Name.Value, call.Length);
            var failure = GrainCallFailure.From(e, Name)
                ?? GrainCallFailure.From(new TimeoutException(e.Message, e), Name)!.Value;
            return !Fail(call, failure);
        }
    }

    /// <summary>Makes a call, and makes it again if its reply was lost.</summary>
    /// <exception cref="Exception">The first call's failure, if its outcome remains unknown.</exception>
    private async Task<QueueOutcome[]> ExecuteAsync(QueueCommand[] commands)
    {
        var call = new QueueCall(_parts.Gateway, _sender, _parts.NextNumber(), _run, commands);
        try
        {
            var reply = await _grain.ExecuteAsync(call);
            while (reply.Outcomes is null)
            {
                // Another run than the last one heard of, and it did nothing. The call is new to it, so it may be made.
                _run = reply.Run;
                call = call with { ExpectedRun = reply.Run };
                reply = await _grain.ExecuteAsync(call);
            }

            return reply.Outcomes;
        }
        catch (Exception e) when (GrainCallFailure.From(e, Name) is null or { IsUnknown: true })
        {
            return await TryRepeatAsync(call) ?? throw new TimeoutException(e.Message, e);
        }
    }

    /// <returns><see langword="null"/> if the call's outcome remains unknown: also when it is refused now, since that
    /// says nothing about the first time.</returns>
    private async Task<QueueOutcome[]?> TryRepeatAsync(QueueCall call)
    {
        try
        {
            var reply = await _grain.ExecuteAsync(call);
            _run = reply.Run;
            return reply.Outcomes;
        }
#pragma warning disable CA1031 // Whatever it is, the outcome is as unknown as before.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCallFailed(_parts.Log, e, Name.Value, call.Commands.Length);
            return null;
        }
    }

    /// <returns><see langword="false"/> when something must be sent soon.</returns>
    private bool Complete(RemoteCommand[] call, QueueOutcome[] outcomes)
    {
        var lost = new List<RemoteCommand>();
        for (var i = 0; i < call.Length; i++)
        {
            if (outcomes[i].Error == SiberiteError.OutcomeUnknown && call[i].Command.Kind == QueueCommandKind.Take)
            {
                lost.Add(call[i]); // Repeated, and too large to be kept: it is taken again after its recall.
            }
        }

        var held = HeldOf(call, outcomes);
        _isHeld = held.Count > 0;
        PutFirst([.. lost.ConvertAll(RecallOf), .. held]);
        ProveHome();
        for (var i = 0; i < call.Length; i++)
        {
            if (lost.Contains(call[i]))
            {
                call[i].Fail(Unanswered());
            }
            else if (!held.Contains(call[i]))
            {
                call[i].Complete(outcomes[i]);
            }
        }

        return true;
    }

    private static RemoteCommand RecallOf(RemoteCommand take)
        => new(Command(QueueCommandKind.Recall, take.Command.Session, 0) with { Cursor = take.Command.Cursor });

    /// <returns>Whether commands that must arrive are pending again.</returns>
    private bool Fail(RemoteCommand[] call, GrainCallFailure failure)
    {
        var mustArrive = new List<RemoteCommand>();
        var isAway = failure.IsUnknown || failure.Refusal.Error == SiberiteError.QueueUnavailable;
        foreach (var command in call)
        {
            if (isAway && command.MustArrive)
            {
                mustArrive.Add(command);
            }
            else if (failure.IsUnknown && command.Command.Kind == QueueCommandKind.Take)
            {
                mustArrive.Add(RecallOf(command));
            }
        }

        mustArrive.RemoveAll(HasBeenTriedEnough);
        var unsent = PutFirst(mustArrive, dropsOthers: true);
        var refusal = Named(failure.Refusal);
        if (isAway)
        {
            _parts.OnGone(this); // It may have another home by now.
        }

        var isRedirected = isAway && !failure.IsUnknown && TryDoubtHome();
        foreach (var command in call)
        {
            // Told at last: a session that hears of it takes again, and that take must stand behind the recall.
            Tell(command, isUndone: failure.IsUnknown && command.Command.Kind == QueueCommandKind.Take);
        }

        unsent.ForEach(command => Tell(command, isUndone: failure.IsUnknown));
        return mustArrive.Count > 0;

        void Tell(RemoteCommand command, bool isUndone)
        {
            if (isRedirected && command.Command.Kind is QueueCommandKind.Append or QueueCommandKind.Take)
            {
                command.Redirect();
            }
            else
            {
                command.Fail(isUndone ? Unanswered() : refusal);
            }
        }
    }

    /// <summary>The refusal of a command that had no effect, or whose effect is being undone.</summary>
    private SiberiteException Unanswered()
        => Named(new SiberiteException(
            SiberiteError.QueueUnavailable, $"Queue {Name} is unavailable: its silo does not answer.", inner: null));

    private SiberiteException Named(SiberiteException refusal)
        => refusal is { Error: SiberiteError.QueueUnavailable, Silo: null }
            ? new SiberiteException(refusal.Error, refusal.Message, refusal.InnerException)
            {
                Silo = _parts.NameOf(Store),
            }
            : refusal;

    private bool HasBeenTriedEnough(RemoteCommand command)
    {
        var now = _parts.Time.GetTimestamp();
        command.FailedAt ??= now;
        if (_parts.Time.GetElapsedTime(command.FailedAt.Value, now) < RetryTimeout)
        {
            return false;
        }

        LogGaveUp(_parts.Log, Name.Value, command.Command.Session.Number);
        return true;
    }

    /// <summary>Before anything else of their sessions: no later take may be given back in place of the lost one.
    /// </summary>
    /// <param name="commands">What is to be sent next.</param>
    /// <param name="dropsOthers">Whether what waits behind a call that failed is not sent: each of them would wait for
    /// a time-out of its own. What must arrive stays.</param>
    /// <returns>What was dropped.</returns>
    private List<RemoteCommand> PutFirst(List<RemoteCommand> commands, bool dropsOthers = false)
    {
        var dropped = new List<RemoteCommand>();
        lock (_gate)
        {
            if (dropsOthers)
            {
                dropped.AddRange(_pending.Where(command => !command.MustArrive));
                dropped.ForEach(command => _pending.Remove(command));
            }

            for (var i = commands.Count - 1; i >= 0; i--)
            {
                _pending.AddFirst(commands[i]);
            }
        }

        return dropped;
    }
}
