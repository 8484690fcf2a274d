using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Serves one client: reads, cuts every whole frame, answers in order, sends once per batch.</summary>
/// <remarks>
/// One loop, on whatever thread has something for it: bytes, a commit, the end of a wait. Only the loop touches the
/// session's state. A command that cannot be answered at once blocks those behind it in <see cref="_blocked"/>; a
/// commit blocks nothing: the reply waits in line in <c>Session.Replies</c> while later commands take effect.
/// </remarks>
internal sealed partial class Session : ICommitListener
{
    /// <summary>Unread input up to this size is taken in while the session is blocked, so that a client that leaves
    /// is noticed; beyond it the client has to wait.</summary>
    private const long MaxHeldInputBytes = 64 << 10;

    /// <summary>Payload bytes of one batch beyond which it is committed without waiting for the round: large items gain
    /// nothing by that, and fifty of them would be held in memory several times over.</summary>
    private const long MaxSharedBytes = 32 << 10;

    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly IRound? _round;
    private readonly Action _abortConnection;
    private readonly GatewayParts _gateway;
    private readonly SessionId _id;
    private readonly DataIntake _intake;
    private byte[]? _spill;
    private readonly ILogger _log;

    private Task<Action>? _blocked; // The command under way; what it returns is then run by the loop.
    private volatile IQueue? _waitingOn; // Where the command under way waits for an item.
    private TaskCompletionSource? _held;
    private bool _isClosing; // No more commands: the client is to read what it is owed and go.
    private volatile bool _isStopping; // The silo stops.
    private bool _isFirstByteChecked;
    private bool _wasHeldUp; // Whether the last batch left whole frames for later.
    private SessionCounts _counts;
    private long _batchBytes; // Payload bytes of the sets of this batch.

    public Session(IDuplexPipe transport, Action abortConnection, GatewayParts gateway, long number)
    {
        _input = transport.Input;
        _output = transport.Output;
        _round = transport as IRound;
        _abortConnection = abortConnection;
        _gateway = gateway;
        _id = new SessionId(gateway.Id, number);
        _intake = new DataIntake(gateway.InFlight);
        _log = gateway.Log;
        _isKnown = gateway.Credentials is null;
    }

    /// <summary>The sweep at which the session is taken for dead; 0 for never. Set by the loop, read by the
    /// sweep.</summary>
    public long Deadline { get; private set; }

    /// <summary>What this client may not do, for all its life.</summary>
    public Refusals Refused { private get; init; }

    /// <summary>Runs until the client leaves, breaks the protocol, or the silo stops.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ServeAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException
            or SiberiteException)
        {
            LogLost(_log, _id.Number, e.Message); // A client that vanishes is a normal day.
        }
        finally
        {
            // What a vanished client had open goes back. That is reliable fetch, so nothing may cancel it.
            await GiveBackAsync();
        }
    }

    /// <summary>Ends waits with <c>END</c> and the session once it owes nothing. Any thread.</summary>
    public void Stop()
    {
        _isStopping = true;
        StopWaiting();
        Wake();
    }

    /// <summary>Ends a wait for an item as if its time had run out. Any thread.</summary>
    public void EndWait() => _waitingOn?.CancelWait(_id);

    /// <summary>Drops a client that is past its deadline. Any thread.</summary>
    public void Expire()
    {
        LogExpired(_log, _id.Number);
        _abortConnection();
    }

    /// <inheritdoc/>
    public void OnCommitted()
    {
        _isListening = false;
        Wake();
    }

    /// <remarks>One method, because what it waits for is most often not there yet: a method that waits costs an object
    /// each time it is called.</remarks>
    private async Task ServeAsync()
    {
        while (true)
        {
            var read = await _input.ReadAsync();
            var holds = ServeBatch(read);
            if (_round is not null && _wantedWritten != 0 && _batchBytes <= MaxSharedBytes)
            {
                await _round.EndAsync(); // All its sessions then share one write to the store.
            }

            _batchBytes = 0;

            RequestCommits();
            var couldSend = await SendRepliesAsync();
            _gateway.Counters.Add(_counts);
            _counts = default;
            if (!couldSend || IsOver(read.IsCompleted && !_wasHeldUp))
            {
                return;
            }

            if (holds || read.IsCompleted)
            {
                await UntilWokenAsync(); // A read would return at once, for want of room or because the client is done.
            }
            else if (_wasHeldUp && CanGoOn)
            {
                _input.CancelPendingRead(); // Sending made room: go on with what is there.
            }
        }
    }

    /// <returns>Whether the session holds more input than it may take in on top.</returns>
    private bool ServeBatch(in ReadResult read)
    {
        var before = read.Buffer.Length;
        RunUnblocked();
        GoOnMonitoring();
        var rest = ServeFrames(read.Buffer);
        var holds = IsHeldUp && rest.Length > MaxHeldInputBytes;
        SetReadDeadline(rest.Length, hasProgressed: rest.Length < before);
        _counts.ReceivedBytes += before - rest.Length;
        _input.AdvanceTo(rest.Start, holds ? rest.Start : rest.End);
        if (read.IsCompleted)
        {
            StopWaiting();
        }

        return holds;
    }

    /// <summary>Whether commands have to wait: for the one before them, or for the client to read.</summary>
    private bool IsHeldUp => !CanGoOn || _monitoring is not null;

    /// <summary>Whether there is nothing to wait for: then the next command, or a monitor's next item, has its
    /// turn.</summary>
    private bool CanGoOn => _blocked is null && HasRoom;

    private bool HasRoom => ExpectedOwedBytes < _gateway.Options.MaxPendingReplyBytes;

    private ReadOnlySequence<byte> ServeFrames(in ReadOnlySequence<byte> input)
    {
        var cursor = new InputCursor(input);
        if (!_isFirstByteChecked && !cursor.IsEmpty)
        {
            CheckFirstByte(input.FirstSpan[0]);
        }

        while (!_isClosing && !IsHeldUp && !cursor.IsEmpty)
        {
            if (_intake.IsActive)
            {
                var rest = cursor.Rest;
                var isWhole = _intake.TryFinish(ref rest);
                cursor.Continue(rest);
                if (!isWhole)
                {
                    break;
                }

                FinishIntake();
            }
            else if (!TryServeLine(ref cursor))
            {
                break;
            }
        }

        _wasHeldUp = IsHeldUp;
        return _isClosing ? input.Slice(input.End) : cursor.Rest;
    }

    private bool TryServeLine(ref InputCursor cursor)
    {
        var maxBytes = _isKnown ? _gateway.Options.MaxLineBytes : MaxStrangerBytes;
        var read = cursor.TryReadLine(ref _spill, maxBytes, out var line);
        if (read > maxBytes || (read == 0 && cursor.Rest.Length >= maxBytes))
        {
            Refuse(ErrorReplies.LineTooLong);
        }
        else if (read != 0 && _isStopping)
        {
            Refuse(ErrorReplies.ShuttingDown);
        }
        else if (read != 0)
        {
            Serve(line, ref cursor);
        }

        return read != 0;
    }

    /// <summary>Lets the command that blocked the session give its answer.</summary>
    private void RunUnblocked()
    {
        if (_blocked is not { IsCompleted: true } blocked)
        {
            return;
        }

        _blocked = null;
        _waitingOn = null;
        if (blocked.IsCompletedSuccessfully)
        {
            blocked.Result();
        }
        else
        {
            Refuse(ErrorFor(blocked.Exception!.InnerException!));
        }
    }

    /// <summary>Has the commands behind this one wait until <paramref name="command"/> is through.</summary>
    private void Block(Task<Action> command)
    {
        _blocked = command;
        command.GetAwaiter().OnCompleted(Wake);
    }

    private void StopWaiting()
    {
        _mayWait = false;
        _waitingOn?.CancelWait(_id);
    }

    private void Wake()
    {
        Volatile.Read(ref _held)?.TrySetResult();
        _input.CancelPendingRead();
    }

    private async ValueTask UntilWokenAsync()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _held, held);
        var isDueAlready = _blocked is { IsCompleted: true } || HasReplyDue || (_wasHeldUp && CanGoOn);
        if (!isDueAlready)
        {
            await held.Task;
        }

        Volatile.Write(ref _held, null);
    }

    private bool IsOver(bool isInputCompleted)
        => _blocked is null && _monitoring is null && _owed.Count == 0
            && (_isClosing || _isStopping || isInputCompleted);

    private void SetReadDeadline(long restBytes, bool hasProgressed)
    {
        var options = _gateway.Options;
        var timeout = _intake.IsActive ? options.DataTimeout
            : restBytes > 0 && !IsHeldUp ? options.LineTimeout
            : options.IdleTimeout;
        var mayKeep = restBytes > 0 && !hasProgressed && Deadline != 0;
        if (!mayKeep || _intake.IsActive)
        {
            Deadline = IsHeldUp ? 0 : _gateway.Sessions.DeadlineIn(timeout);
        }
    }

    private async ValueTask GiveBackAsync()
    {
        Deadline = 0;
        StopWaiting();
        if (_blocked is { } blocked)
        {
            await blocked.ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            RunUnblocked();
        }

        await AbortAllAsync();
        _intake.End();
        _gateway.Counters.Add(_counts);
    }
}
