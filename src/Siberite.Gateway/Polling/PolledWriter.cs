using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What a client is sent. A flush is over when the kernel has every byte; no buffer is held after
/// it.</summary>
/// <remarks>Bytes beyond one buffer go to further ones, so that nothing is moved.</remarks>
internal sealed unsafe class PolledWriter(PolledConnection connection, PollThread thread)
    : PipeWriter, IValueTaskSource<FlushResult>
{
    private readonly Lock _gate = new(); // Guards the flags.
    private readonly Queue<Part> _full = new();
    private ManualResetValueTaskSourceCore<FlushResult> _flush;
    private byte[] _buffer = [];
    private int _count; // Bytes written into the buffer.
    private ArraySegment<byte> _sending = ArraySegment<byte>.Empty; // What is being sent; its array is lent.
    private int _sent; // Bytes of it that the kernel has.
    private int _largeOffset; // Bytes of the first part, if it is a large payload, that have been read.
    private bool _isFlushing; // A flush is under way and waits for room in the socket.
    private bool _isWritable;

    /// <summary>Bytes in a lent array, or a large payload from an offset on.</summary>
    private readonly record struct Part(ArraySegment<byte> Bytes, ILargePayload? Large, int Offset);

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

    /// <summary>Writes a large payload that the caller holds; the writer lets go of it. What does not fit into the
    /// buffer is read when it is sent, piece by piece.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public void WriteLarge(ILargePayload payload)
    {
        EnsureRoom(1);
        var first = Math.Min(payload.Length, _buffer.Length - _count);
        try
        {
            payload.Read(0, _buffer.AsSpan(_count, first));
        }
        catch
        {
            payload.Release();
            throw;
        }

        _count += first;
        if (first == payload.Length)
        {
            payload.Release();
            return;
        }

        _full.Enqueue(new Part(new ArraySegment<byte>(_buffer, 0, _count), null, 0));
        _full.Enqueue(new Part(default, payload, first));
        _buffer = [];
        _count = 0;
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
        while (_full.TryDequeue(out var part))
        {
            part.Large?.Release();
            if (part.Bytes.Array is { } array)
            {
                thread.GiveBuffer(array);
            }
        }

        EndSending();

        if (_buffer.Length > 0)
        {
            thread.GiveBuffer(_buffer);
        }

        _buffer = [];
        _count = 0;
        _largeOffset = 0;
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
        while (true)
        {
            if (_sending.Count == 0 && !TryBeginNext())
            {
                return _sending.Count == 0 ? SendOutcome.Sent : SendOutcome.Failed;
            }

            var outcome = Send(_sending.Array!, _sending.Count);
            if (outcome != SendOutcome.Sent)
            {
                return outcome;
            }

            EndSending();
        }
    }

    private void EndSending()
    {
        if (_sending.Count > 0)
        {
            thread.GiveBuffer(_sending.Array!);
            _sending = ArraySegment<byte>.Empty;
        }

        _sent = 0;
    }

    /// <summary>Makes what comes next what is being sent.</summary>
    /// <returns>Whether it can be sent. Not if there is nothing; and not, but there is, if the file of a large payload
    /// cannot be read: half a reply is sent, so the client has to go.</returns>
    private bool TryBeginNext()
    {
        if (!_full.TryPeek(out var part))
        {
            if (_count == 0)
            {
                return false;
            }

            (_sending, _buffer, _count) = (new ArraySegment<byte>(_buffer, 0, _count), [], 0);
            return true;
        }

        if (part.Large is not { } large)
        {
            _full.Dequeue();
            _sending = part.Bytes;
            return true;
        }

        var offset = Math.Max(_largeOffset, part.Offset);
        var buffer = thread.TakeBuffer();
        var count = Math.Min(large.Length - offset, buffer.Length);
        _sending = new ArraySegment<byte>(buffer, 0, count);
        try
        {
            large.Read(offset, _sending);
        }
        catch (SiberiteException)
        {
            return false;
        }

        _largeOffset = offset + count;
        if (_largeOffset == large.Length)
        {
            _full.Dequeue();
            large.Release();
            _largeOffset = 0;
        }

        return true;
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
            _full.Enqueue(new Part(new ArraySegment<byte>(_buffer, 0, _count), null, 0));
        }
        else if (_buffer.Length > 0)
        {
            thread.GiveBuffer(_buffer);
        }

        _buffer = bytes <= PollThread.BufferBytes ? thread.TakeBuffer() : ArrayPool<byte>.Shared.Rent(bytes);
        _count = 0;
    }
}
