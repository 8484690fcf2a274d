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
/// This part sends; <c>GrainQueue.Failing</c> does what is left when that fails, <c>GrainQueue.Waiting</c> waits, and
/// <c>GrainQueue.Holding</c> follows queues that move.
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
    private readonly List<RemoteCommand> _pending = [];
    private bool _isRetired; // See GrainQueue.Retiring.
    private bool _isSending;
    private bool _hasNews; // Whether a command came since the last call was made up.
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

    /// <summary>Whether it is one of a loose queue's shards: those have no order among each other, and a shard that is
    /// not there yet is asked for again and again.</summary>
    public bool IsShard { get; init; }

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
    public bool TakesInPipelines => true;

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        => Enqueue(AppendCommands.Of(draft)).AsAppend();

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
        => EndRead(QueueCommandKind.Close, session, sequence, cursor: null).AsCommit();

    /// <inheritdoc/>
    public void CloseSent(SessionId session, long sequence) => CloseSent(session, sequence, cursor: null);

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
        => EndRead(QueueCommandKind.Abort, session, sequence, cursor: null).AsAbort();

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
        => EndRead(QueueCommandKind.Return, session, sequence, cursor: null).AsAbort();

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
        => Enqueue(Command(QueueCommandKind.Touch, session, sequence) with { Lease = lease }).AsTouch();

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync()
        => Enqueue(Command(QueueCommandKind.Purge, default, sequence: 0)).AsCommit();

    /// <summary>Sends until nothing is pending. On a thread of the pool, so that a session which enqueues a pipeline
    /// of commands gets them into few calls.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendAsync();

    /// <summary>Has the name looked up anew if the queue is not here any more.</summary>
    internal void NoteIfGone(bool isGone)
    {
        if (isGone)
        {
            _parts.OnGone(this);
        }
    }

    private static QueueCommand Command(QueueCommandKind kind, SessionId session, long sequence)
        => new(kind, session, Payload: null, Flags: 0, ExpiresAt: 0, MustSync: false, default, sequence);

    private RemoteCommand Enqueue(in QueueCommand command) => Enqueue(new RemoteCommand(this, command));

    private RemoteCommand Enqueue(RemoteCommand pending)
    {
        bool mustStart;
        bool isRefused;
        lock (_gate)
        {
            isRefused = _isRetired && IsSentAgain(pending);
            mustStart = !_isSending && !isRefused;
            if (!isRefused)
            {
                _pending.Add(pending);
                _hasNews = true;
                _isSending = true;
                _pause?.TrySetResult();
            }
        }

        if (isRefused)
        {
            pending.Redirect();
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
            if (_hasNews)
            {
                return;
            }

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

            var (count, bytes) = (0, 0);
            while (count < _pending.Count
                && count < MaxCommandsPerCall
                && (count == 0 || bytes + _pending[count].Bytes <= MaxBytesPerCall))
            {
                bytes += _pending[count].Bytes;
                count++;
            }

            var call = new RemoteCommand[count];
            _pending.CopyTo(0, call, 0, count);
            _pending.RemoveRange(0, count);
            Array.ForEach(call, static command => command.Seal());
            _hasNews = false;
            return call;
        }
    }

    /// <returns><see langword="false"/> when something must be tried again.</returns>
    private async Task<bool> TrySendAsync(RemoteCommand[] commands)
    {
        var call = new QueueCall(
            _parts.Gateway, _sender, _parts.NextNumber(), _run,
            new QueueCommands(Array.ConvertAll(commands, static command => command.Command)));
        try
        {
            Complete(commands, await ExecuteAsync(call), call.Number);
            return true;
        }
#pragma warning disable CA1031 // The pump must live on; an unknown failure is as good as a lost reply.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCallFailed(_parts.Log, e, Name.Value, commands.Length);
            var failure = GrainCallFailure.From(e, Name)
                ?? GrainCallFailure.From(new TimeoutException(e.Message, e), Name)!.Value;
            return !Fail(commands, failure, call.Number);
        }
    }

    /// <summary>Makes a call, and makes it again if its reply was lost.</summary>
    /// <exception cref="Exception">The first call's failure, if its outcome remains unknown.</exception>
    private async Task<QueueOutcome[]> ExecuteAsync(QueueCall call)
    {
        try
        {
            await _parts.CheckHomeAsync(Store);
            var reply = await _grain.ExecuteAsync(call);
            QueueOutcome[]? outcomes;
            while ((outcomes = reply.Outcomes.Items) is null)
            {
                // Another run than the last one heard of, and it did nothing. The call is new to it, so it may be made.
                _run = reply.Run;
                call = call with { ExpectedRun = reply.Run };
                reply = await _grain.ExecuteAsync(call);
            }

            return outcomes;
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
            return reply.Outcomes.Items;
        }
#pragma warning disable CA1031 // Whatever it is, the outcome is as unknown as before.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogCallFailed(_parts.Log, e, Name.Value, call.Commands.Items.Length);
            return null;
        }
    }

    private void Complete(RemoteCommand[] commands, QueueOutcome[] outcomes, long number)
    {
        List<RemoteCommand>? again = null;
        var mustRecall = false;
        var isGone = false;
        var ended = new RemoteCommand?[commands.Length];
        for (var i = 0; i < commands.Length; i++)
        {
            mustRecall |= IsTakenUnseen(commands[i], outcomes[i]);
            if (outcomes[i].IsDeferred || IsHeld(commands[i], outcomes[i]))
            {
                (again ??= []).Add(commands[i]);
            }
            else
            {
                commands[i].Run = _run;
                ended[i] = commands[i];
                isGone |= IsSentAgain(commands[i]) && IsGone(outcomes[i]);
            }
        }

        ProveHome();
        if (mustRecall)
        {
            (again ??= []).Insert(0, RecallOf(number)); // Taken again after that.
        }

        if (again is not null)
        {
            PutFirst(again);
        }

        var unsent = isGone ? Retire() : [];

        // Elsewhere, so that the next call is on its way meanwhile.
        ThreadPool.UnsafeQueueUserWorkItem(
            static end => end.Queue.End(end.Commands, end.Outcomes, end.Unsent),
            (Queue: this, Commands: ended, Outcomes: outcomes, Unsent: unsent), preferLocal: true);
    }

    /// <summary>Ends commands, last ones first: a session wakes for the oldest that it waits for, and then finds all
    /// others of the call ended too.</summary>
    private void End(RemoteCommand?[] commands, QueueOutcome[] outcomes, RemoteCommand[] unsent)
    {
        Array.ForEach(unsent, static command => command.Redirect());
        for (var i = commands.Length - 1; i >= 0; i--)
        {
            if (commands[i] is not { } command)
            {
                continue;
            }

            if (IsTakenUnseen(command, outcomes[i]))
            {
                command.Fail(Unanswered());
            }
            else if (ClosesNothing(command))
            {
                command.Fail(ReadLost());
            }
            else
            {
                command.Complete(outcomes[i]);
            }
        }
    }

    /// <summary>Whether a call that was made again tells of an item too large to be kept for that.</summary>
    private static bool IsTakenUnseen(RemoteCommand command, in QueueOutcome outcome)
        => outcome.Error == SiberiteError.OutcomeUnknown && command.Command.Kind == QueueCommandKind.Take;

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
                _pending.RemoveAll(command => !command.MustArrive);
            }

            _pending.InsertRange(0, commands);
        }

        return dropped;
    }
}
