using System.Buffers.Text;
using System.Net.Sockets;

namespace Siberite.Ctl.Bench;

/// <summary>What a command asks for.</summary>
internal enum CommandKind : byte
{
    Set,
    Get,

    /// <summary>Ends a get in dialects that need a second command for it.</summary>
    Finish,
}

/// <summary>What a reply said.</summary>
internal enum ReplyOutcome : byte
{
    /// <summary>Its first line has not arrived whole.</summary>
    Incomplete,
    Stored,
    Hit,
    Miss,

    /// <summary>An error, or anything that was not expected.</summary>
    Refused,

    /// <summary>The get goes on with the command that the dialect has put into the follow-up.</summary>
    FollowUp,
}

/// <summary>The reply at the front of what has arrived.</summary>
/// <param name="Outcome">What it said.</param>
/// <param name="Bytes">Its length; what has not arrived of it is skipped when it does.</param>
/// <param name="FollowUpBytes">Length of the follow-up command.</param>
internal readonly record struct Reply(ReplyOutcome Outcome, long Bytes, int FollowUpBytes = 0);

/// <summary>How a kind of server is asked, and how it answers: in the order it was asked. Allocates nothing per
/// command.</summary>
internal abstract class Dialect
{
    /// <summary>Room for anything a command has beside its payload.</summary>
    public const int MaxCommandBytes = 512;

    /// <summary>Says hello on the first connection, which still blocks, and finds out whom it talks to.</summary>
    /// <exception cref="CtlException">It is no server of this dialect.</exception>
    public abstract string Greet(Socket socket);

    /// <summary>Says what has to be said first on every connection, which still blocks.</summary>
    /// <exception cref="CtlException">The server does not let us in.</exception>
    public virtual void LogIn(Socket socket)
    {
    }

    /// <summary>Writes one command.</summary>
    /// <param name="target">Has room for the payload and <see cref="MaxCommandBytes"/>.</param>
    /// <param name="kind">A set or a get.</param>
    /// <param name="queue">From 0.</param>
    /// <param name="payload">Of a set.</param>
    /// <returns>Its length.</returns>
    public abstract int Write(Span<byte> target, CommandKind kind, int queue, ReadOnlySpan<byte> payload);

    /// <summary>Reads the reply at the front of <paramref name="input"/>.</summary>
    /// <param name="input">What has arrived; it begins with a reply to a command of <paramref name="kind"/>.</param>
    /// <param name="kind">What was asked.</param>
    /// <param name="followUp">For the command that ends a get, if this one needs it.</param>
    public abstract Reply Read(ReadOnlySpan<byte> input, CommandKind kind, Span<byte> followUp);

    /// <summary>Writes what every set of these protocols ends with: its length, and its data on a line of their
    /// own.</summary>
    /// <param name="target">Holds <paramref name="headBytes"/> of the command already.</param>
    /// <param name="headBytes">Bytes before the length.</param>
    /// <param name="payload">The data.</param>
    /// <returns>Length of the whole command.</returns>
    protected static int WriteData(Span<byte> target, int headBytes, ReadOnlySpan<byte> payload)
    {
        Utf8Formatter.TryFormat(payload.Length, target[headBytes..], out var digits);
        var count = headBytes + digits;
        "\r\n"u8.CopyTo(target[count..]);
        payload.CopyTo(target[(count + 2)..]);
        count += 2 + payload.Length;
        "\r\n"u8.CopyTo(target[count..]);
        return count + 2;
    }
}
