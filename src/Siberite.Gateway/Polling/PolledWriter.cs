using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Siberite.Gateway;

/// <summary>What a client is sent. A flush is over when the kernel has every byte; no buffer is held after
/// it.</summary>
/// <remarks>Bytes beyond one buffer go to further ones, so that nothing is moved.</remarks>
internal sealed unsafe class PolledWriter(PolledConnection connection, PollThread thread)
    : PipeWriter, IValueTaskSource<FlushResult>
{
    private readonly Lock _gate = new(); // Guards the flags.
    private readonly Queue<ArraySegment<byte>> _full = new();
    private ManualResetValueTaskSourceCore<FlushResult> _flush;
    private byte[] _buffer = [];
    private int _count; // Bytes written into the buffer.
    private int _sent; // Bytes of the first buffer that the kernel has.
    private bool _isFlushing; // A flush is under way and waits for room in the socket.
    private bool _isWritable;

    private enum SendOutcome
    {
        Sent,
        NoRoom,
        Failed,
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsMemory(_count);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsSpan(_count);
    }

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= _buffer.Length - _count);
        _count += bytes;
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        _flush.Reset();
        return TrySend(out var result) ? new(result) : new(this, _flush.Version);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
        => throw new NotSupportedException("A flush that takes too long is ended by aborting the connection.");

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
    }

    /// <summary>The socket has room again, or is at its end. Poll thread.</summary>
    public void OnWritable()
    {
        lock (_gate)
        {
            _isWritable = true;
            if (!_isFlushing)
            {
                return;
            }

            _isFlushing = false;
        }

        if (TrySend(out var result))
        {
            _flush.SetResult(result);
        }
    }

    /// <summary>Gives the buffers back. Nobody may be writing.</summary>
    public void Release()
    {
        while (_full.TryDequeue(out var segment))
        {
            thread.GiveBuffer(segment.Array!);
        }

        if (_buffer.Length > 0)
        {
            thread.GiveBuffer(_buffer);
        }

        _buffer = [];
        _count = 0;
        _sent = 0;
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => _flush.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _flush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _flush.OnCompleted(continuation, state, token, flags);

    /// <returns><see langword="false"/> if it has to be gone on with when the socket has room.</returns>
    private bool TrySend(out FlushResult result)
    {
        while (true)
        {
            lock (_gate)
            {
                _isWritable = false;
            }

            var outcome = SendAll();
            if (outcome != SendOutcome.NoRoom)
            {
                Release();
                result = new FlushResult(isCanceled: false, isCompleted: outcome == SendOutcome.Failed);
                return true;
            }

            lock (_gate)
            {
                if (!_isWritable)
                {
                    _isFlushing = true;
                    result = default;
                    return false;
                }
            }
        }
    }

    private SendOutcome SendAll()
    {
        while (_full.TryPeek(out var segment))
        {
            var outcome = Send(segment.Array!, segment.Count);
            if (outcome != SendOutcome.Sent)
            {
                return outcome;
            }

            _full.Dequeue();
            thread.GiveBuffer(segment.Array!);
            _sent = 0;
        }

        return Send(_buffer, _count);
    }

    private SendOutcome Send(byte[] buffer, int limit)
    {
        fixed (byte* bytes = buffer)
        {
            while (_sent < limit)
            {
                var count = LinuxCalls.send(
                    connection.Descriptor, bytes + _sent, (nuint)(limit - _sent),
                    LinuxCalls.DontWait | LinuxCalls.NoSignal);
                if (count >= 0)
                {
                    _sent += (int)count;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case LinuxCalls.Interrupted:
                        break;
                    case LinuxCalls.WouldBlock:
                        return SendOutcome.NoRoom;
                    default:
                        return SendOutcome.Failed;
                }
            }
        }

        return SendOutcome.Sent;
    }

    private void EnsureRoom(int bytes)
    {
        if (_buffer.Length - _count >= Math.Max(bytes, 1))
        {
            return;
        }

        if (_count > 0)
        {
            _full.Enqueue(new ArraySegment<byte>(_buffer, 0, _count));
        }
        else if (_buffer.Length > 0)
        {
            thread.GiveBuffer(_buffer);
        }

        _buffer = bytes <= PollThread.BufferBytes ? thread.TakeBuffer() : ArrayPool<byte>.Shared.Rent(bytes);
        _count = 0;
    }
}
