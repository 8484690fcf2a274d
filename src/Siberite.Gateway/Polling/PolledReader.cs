using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;

namespace Siberite.Gateway;

/// <summary>What a client sends, as one unbroken run of bytes.</summary>
/// <remarks>
/// The poll thread receives only while a read is under way, into a buffer that it lends: what the session has not
/// consumed by then moves to a small one. So a socket nobody reads from fills up, and the client has to wait.
/// <para>Edges: the poll tells once that there is something. It is remembered until a receive finds less than it had
/// room for. The end comes as an edge of its own, and is remembered for good.</para>
/// </remarks>
internal sealed unsafe class PolledReader(PolledConnection connection, PollThread thread)
    : PipeReader, IValueTaskSource<ReadResult>, PollThread.IPosted
{
    private readonly Lock _gate = new(); // Guards the flags.
    private ManualResetValueTaskSourceCore<ReadResult> _read;
    private byte[] _buffer = [];
    private int _first; // What the session has not consumed lies from here
    private int _limit; // to here.
    private bool _hasNews; // Whether some of that has not been examined.
    private bool _isReading; // A read is under way, and nobody is about to complete it.
    private bool _isCancelled;
    private bool _isReadable;
    private bool _isEnding;
    private bool _isPosted;
    private bool _isCompleted; // The client sends no more.
    private bool _isOver; // The session reads no more.
    private Exception? _error;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_error is { } error)
            {
                return ValueTask.FromException<ReadResult>(error);
            }

            if (_isCancelled || _hasNews || _isCompleted)
            {
                return new(TakeResult());
            }

            _read.Reset();
            _isReading = true;
            if (_isReadable)
            {
                PostOnce();
            }

            return new(this, _read.Version);
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            var hasSome = _error is null && (_isCancelled || _hasNews || _isCompleted);
            result = hasSome ? TakeResult() : default;
            return hasSome;
        }
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _first = consumed.GetInteger();
        _hasNews = examined.GetInteger() < _limit;
        var left = _limit - _first;
        if (left == 0)
        {
            Release();
        }
        else if (left <= _buffer.Length / 4)
        {
            Replace(ArrayPool<byte>.Shared.Rent(left));
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        lock (_gate)
        {
            _isCancelled = true;
            if (_isReading)
            {
                PostOnce();
            }
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            _isOver = true;
        }
    }

    /// <summary>There is something to receive. Poll thread.</summary>
    public void OnReadable(bool isEnding)
    {
        lock (_gate)
        {
            _isReadable = true;
            _isEnding |= isEnding;
        }

        GoOn();
    }

    /// <summary>Gives the buffer back. Nobody may be reading.</summary>
    public void Release()
    {
        if (_buffer.Length > 0)
        {
            thread.GiveBuffer(_buffer);
        }

        _buffer = [];
        _first = 0;
        _limit = 0;
    }

    /// <inheritdoc/>
    void PollThread.IPosted.RunPosted()
    {
        lock (_gate)
        {
            _isPosted = false;
        }

        GoOn();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _read.OnCompleted(continuation, state, token, flags);

    /// <summary>Completes the read under way, if there is one and something to complete it with. The session goes on
    /// before this returns. Poll thread.</summary>
    private void GoOn()
    {
        lock (_gate)
        {
            if (!_isReading || _isOver || !(_isReadable || _isCancelled))
            {
                return;
            }

            _isReading = false;
        }

        var error = _isReadable ? Receive() : null;
        ReadResult result;
        lock (_gate)
        {
            _error = error;
            if (error is null && !_isCancelled && !_hasNews && !_isCompleted)
            {
                _isReading = true; // Nothing after all.
                return;
            }

            result = error is null ? TakeResult() : default;
        }

        if (error is null)
        {
            _read.SetResult(result);
        }
        else
        {
            _read.SetException(error);
        }
    }

    private Exception? Receive()
    {
        MakeRoom();
        var room = _buffer.Length - _limit;
        nint count;
        fixed (byte* bytes = &_buffer[_limit])
        {
            count = LinuxCalls.recv(connection.Descriptor, bytes, (nuint)room, LinuxCalls.DontWait);
        }

        var error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (count > 0)
        {
            _limit += (int)count;
            _hasNews = true;
        }
        else if (_first == _limit)
        {
            Release();
        }

        lock (_gate)
        {
            _isCompleted |= count == 0;
            _isReadable = _isEnding || error == LinuxCalls.Interrupted || count == room;
        }

        return error is 0 or LinuxCalls.WouldBlock or LinuxCalls.Interrupted ? null
            : error == LinuxCalls.ConnectionReset ? new ConnectionResetException("The client is gone.")
            : new IOException($"The socket cannot be read: error {error}.");
    }

    private void MakeRoom()
    {
        var left = _limit - _first;
        if (left < PollThread.BufferBytes / 2)
        {
            Replace(thread.TakeBuffer());
        }
        else
        {
            Replace(ArrayPool<byte>.Shared.Rent(left + PollThread.BufferBytes));
        }
    }

    /// <summary>Moves what is left to the front of another buffer.</summary>
    private void Replace(byte[] buffer)
    {
        var left = _limit - _first;
        _buffer.AsSpan(_first, left).CopyTo(buffer);
        Release();
        _buffer = buffer;
        _limit = left;
    }

    private ReadResult TakeResult()
    {
        var wasCancelled = _isCancelled;
        _isCancelled = false;
        return new ReadResult(
            new ReadOnlySequence<byte>(_buffer, _first, _limit - _first), wasCancelled, _isCompleted);
    }

    private void PostOnce()
    {
        if (!_isPosted)
        {
            _isPosted = true;
            thread.Post(this);
        }
    }
}
