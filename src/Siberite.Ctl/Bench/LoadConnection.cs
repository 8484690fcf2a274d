using System.Net.Sockets;

namespace Siberite.Ctl.Bench;

/// <summary>One connection of a load: what it has asked, what it has yet to send, what of a reply has arrived. Belongs
/// to its worker's thread.</summary>
internal sealed class LoadConnection : IDisposable
{
    private const int MaxBufferBytes = 64 << 10;

    private readonly Asked[] _asked; // A ring; its length is a power of two.
    private byte[] _unsent;
    private readonly byte[] _partial = new byte[Dialect.MaxCommandBytes];
    private int _firstAsked;
    private int _unsentFirst;
    private int _unsentLimit;
    private int _partialBytes;
    private long _skipBytes;

    public LoadConnection(Socket socket, int number, BenchPlan plan)
    {
        Socket = socket;
        Handle = (int)socket.Handle;
        Number = number;
        Queue = number % plan.Queues;
        _asked = new Asked[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)plan.Pipeline + 1)];
        var command = plan.Sizes.Last + Dialect.MaxCommandBytes;
        var wanted = Math.Min((long)plan.Pipeline * (plan.Sizes.Last + 64), MaxBufferBytes);
        _unsent = new byte[Math.Max(command, wanted + Dialect.MaxCommandBytes)];
    }

    public Socket Socket { get; }

    public int Handle { get; }

    public int Number { get; }

    /// <summary>The queue of the next command.</summary>
    public int Queue { get; set; }

    /// <summary>Whether the next command of a pattern of two is its second one.</summary>
    public bool IsSecond { get; set; }

    /// <summary>Commands without a reply.</summary>
    public int AskedCount { get; private set; }

    /// <summary>Whether the kernel has not taken everything, and says when it will.</summary>
    public bool AwaitsRoom { get; set; }

    public bool HasUnsent => _unsentLimit > _unsentFirst;

    public bool IsLost { get; set; }

    /// <summary>Whether the worker has it on its list of those to flush.</summary>
    public bool IsToFlush { get; set; }

    /// <summary>The command whose reply comes next.</summary>
    public Asked First => _asked[_firstAsked];

    public Span<byte> Room => _unsent.AsSpan(_unsentLimit);

    /// <summary>What the reply says whose end has yet to arrive; <see cref="ReplyOutcome.Incomplete"/> if there is
    /// none.</summary>
    public ReplyOutcome Told { get; private set; }

    public bool IsSkipping => _skipBytes > 0;

    public bool HasRoomFor(int payloadBytes)
    {
        if (_unsentFirst == _unsentLimit)
        {
            _unsentFirst = _unsentLimit = 0;
        }

        return Room.Length >= payloadBytes + Dialect.MaxCommandBytes;
    }

    /// <summary>Adds a command that was written to <see cref="Room"/>.</summary>
    public void Add(CommandKind kind, long startedAt, int bytes)
    {
        _unsentLimit += bytes;
        _asked[(_firstAsked + AskedCount++) & (_asked.Length - 1)] = new Asked(kind, startedAt);
    }

    /// <summary>Adds the command that ends the first one, which stays under way.</summary>
    public void FollowUp(ReadOnlySpan<byte> command)
    {
        var startedAt = First.StartedAt;
        EndFirst();
        if (!HasRoomFor(command.Length))
        {
            Array.Resize(ref _unsent, 2 * _unsent.Length);
        }

        command.CopyTo(Room);
        Add(CommandKind.Finish, startedAt, command.Length);
    }

    public void EndFirst()
    {
        _firstAsked = (_firstAsked + 1) & (_asked.Length - 1);
        AskedCount--;
    }

    /// <summary>Sends as much as the kernel takes.</summary>
    /// <returns>Bytes sent; -1 when the connection is lost.</returns>
    public int Flush()
    {
        var sent = 0;
        while (HasUnsent)
        {
            var count = Socket.Send(
                _unsent.AsSpan(_unsentFirst, _unsentLimit - _unsentFirst), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                break;
            }

            if (error != SocketError.Success)
            {
                return -1;
            }

            _unsentFirst += count;
            sent += count;
        }

        return sent;
    }

    /// <summary>Receives behind what is left of an earlier reply.</summary>
    /// <returns>What is to be read; empty when there is nothing, or the connection is lost.</returns>
    public ReadOnlySpan<byte> Receive(Span<byte> buffer, out int received)
    {
        _partial.AsSpan(0, _partialBytes).CopyTo(buffer);
        received = Socket.Receive(buffer[_partialBytes..], SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            received = 0;
            return default;
        }

        IsLost = error != SocketError.Success || received == 0;
        if (IsLost)
        {
            return default;
        }

        ReadOnlySpan<byte> input = buffer[..(_partialBytes + received)];
        _partialBytes = 0;
        var skipped = (int)Math.Min(_skipBytes, input.Length);
        _skipBytes -= skipped;
        return input[skipped..];
    }

    /// <summary>Passes over a reply of which only the front is here, and remembers what it says.</summary>
    public void Skip(ReadOnlySpan<byte> input, in Reply reply)
    {
        _skipBytes = reply.Bytes - input.Length;
        Told = reply.Outcome;
    }

    /// <summary>What the reply said that has now arrived whole.</summary>
    public ReplyOutcome TakeTold()
    {
        var told = Told;
        Told = ReplyOutcome.Incomplete;
        return told;
    }

    /// <summary>Keeps what is not a whole reply yet.</summary>
    /// <returns>Whether it can be one at all.</returns>
    public bool TryKeep(ReadOnlySpan<byte> input)
    {
        if (input.Length > _partial.Length)
        {
            return false;
        }

        input.CopyTo(_partial);
        _partialBytes = input.Length;
        return true;
    }

    public void Dispose() => Socket.Dispose();
}

/// <summary>A command without a reply.</summary>
/// <param name="Kind">What it asked.</param>
/// <param name="StartedAt">Timestamp from which it is timed: when it was due, or else when it was made.</param>
internal readonly record struct Asked(CommandKind Kind, long StartedAt);
