using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Takes in the data of one <c>set</c> that has not arrived whole, or throws it away, byte-exact either
/// way.</summary>
/// <remarks>The buffer grows as bytes arrive, so an announced length costs the sender bytes and not us
/// memory.</remarks>
internal sealed class DataIntake(InFlightBudget budget)
{
    private const int FirstBufferBytes = 64 << 10;

    private const int CrlfBytes = 2;

    private byte[] _key = [];
    private byte[] _buffer = [];
    private int _dataBytes;
    private int _received; // Includes the CRLF.
    private long _swallowLeft;
    private ErrorReply? _refusal;
    private ILargeDraft? _large; // Then the buffer holds the CRLF alone.

    /// <summary>Whether a command's data is under way.</summary>
    public bool IsActive => _swallowLeft > 0 || _buffer.Length > 0;

    /// <summary>Whether the data is thrown away.</summary>
    public bool IsSwallowed => _refusal is not null;

    public ReadOnlySpan<byte> Key => _key;

    public uint Flags { get; private set; }

    public long Exptime { get; private set; }

    public bool IsSilent { get; private set; }

    /// <summary>The data, once it has arrived whole.</summary>
    public ReadOnlyMemory<byte> Data => _large is null ? _buffer.AsMemory(0, _dataBytes) : default;

    /// <summary>The queue that the data is for if it goes to a file.</summary>
    public IQueue? LargeQueue { get; private set; }

    /// <summary>What the client is told when swallowing ends; <see langword="null"/> for nothing.</summary>
    public ErrorReply? Refusal => IsSilent ? null : _refusal;

    /// <param name="line">The command.</param>
    /// <param name="large">Where the data goes instead of memory, and for which queue. The intake's from now
    /// on.</param>
    public void Start(in SetLine line, (IQueue Queue, ILargeDraft Draft)? large)
    {
        _key = line.Key.ToArray();
        Flags = line.Flags;
        Exptime = line.Exptime;
        IsSilent = line.IsSilent;
        _dataBytes = (int)line.DataBytes;
        _received = 0;
        (LargeQueue, _large) = (large?.Queue, large?.Draft);
        Grow(_large is not null ? CrlfBytes : Math.Min(FirstBufferBytes, _dataBytes + 2));
    }

    /// <summary>Throws away the next <paramref name="dataBytes"/> bytes and their CRLF, then answers.</summary>
    public void Swallow(long dataBytes, ErrorReply refusal, bool isSilent)
    {
        _swallowLeft = dataBytes + 2;
        _refusal = refusal;
        IsSilent = isSilent;
    }

    /// <summary>Takes bytes off the front of <paramref name="input"/>.</summary>
    /// <returns>Whether all of the data has arrived or gone.</returns>
    public bool TryFinish(ref ReadOnlySequence<byte> input)
    {
        if (IsSwallowed)
        {
            var swallowed = Math.Min(_swallowLeft, input.Length);
            _swallowLeft -= swallowed;
            input = input.Slice(swallowed);
            return _swallowLeft == 0;
        }

        var whole = _dataBytes + CrlfBytes;
        if (_large is { } large && _received < _dataBytes && !TryWrite(large, ref input))
        {
            return TryFinish(ref input);
        }

        while (!input.IsEmpty && _received < whole)
        {
            var place = _large is null ? _received : _received - _dataBytes;
            if (place == _buffer.Length && !TryMakeRoom(whole))
            {
                SwallowRest(ErrorReplies.OutOfMemory);
                return TryFinish(ref input);
            }

            var count = (int)Math.Min(Math.Min(input.Length, _buffer.Length - place), whole - _received);
            input.Slice(0, count).CopyTo(_buffer.AsSpan(place));
            _received += count;
            input = input.Slice(count);
        }

        return _received == whole;
    }

    /// <summary>Whether the data was followed by CRLF, as it must.</summary>
    public bool EndsInCrlf()
        => _buffer.AsSpan(_large is null ? _dataBytes : 0, CrlfBytes).SequenceEqual("\r\n"u8);

    /// <summary>The data, if it went to a file and has arrived whole.</summary>
    public ILargePayload? CompleteLarge() => _large?.Complete();

    /// <summary>Forgets the command and gives its memory back.</summary>
    public void End()
    {
        GiveBufferBack();
        _large?.Dispose();
        (LargeQueue, _large) = (null, null);
        _key = [];
        _refusal = null;
        _swallowLeft = 0;
    }

    /// <summary>Writes what has come of the data to its file.</summary>
    /// <returns>Whether the file takes it; if not, the rest is swallowed.</returns>
    private bool TryWrite(ILargeDraft large, ref ReadOnlySequence<byte> input)
    {
        var data = input.Slice(0, Math.Min(input.Length, _dataBytes - _received));
        try
        {
            foreach (var part in data)
            {
                large.Write(part.Span);
            }
        }
        catch (SiberiteException e)
        {
            SwallowRest(ErrorReplies.For(e));
            return false;
        }

        _received += (int)data.Length;
        input = input.Slice(data.Length);
        return true;
    }

    private void SwallowRest(ErrorReply refusal)
    {
        var left = _dataBytes - _received;
        End();
        Swallow(left, refusal, IsSilent);
    }

    private bool TryMakeRoom(int whole)
    {
        var larger = (int)Math.Min(whole, 2L * _buffer.Length);
        if (!budget.HasRoomFor(larger - _buffer.Length))
        {
            return false;
        }

        Grow(larger);
        return true;
    }

    private void Grow(int bytes)
    {
        // From the pool: a large array of its own for every large item would let the heap grow to a gigabyte before
        // the collector looks at it.
        var larger = ArrayPool<byte>.Shared.Rent(bytes);
        _buffer.AsSpan(0, _received).CopyTo(larger);
        budget.Add(larger.Length);
        GiveBufferBack();
        _buffer = larger;
    }

    private void GiveBufferBack()
    {
        if (_buffer.Length > 0)
        {
            budget.Add(-_buffer.Length);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}

/// <summary>Bytes of half-received items over all sessions of a gateway.</summary>
internal sealed class InFlightBudget(GatewayOptions options)
{
    private long _usedBytes;

    public bool HasRoomFor(int bytes) => Volatile.Read(ref _usedBytes) + bytes <= options.MaxInFlightBytes;

    public void Add(int bytes) => Interlocked.Add(ref _usedBytes, bytes);
}
