using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Siberite.Ctl.Bench;

/// <summary>The memcache text protocol, as Siberite, its ancestors and memcached speak it.</summary>
internal sealed class MemcacheDialect : Dialect
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly byte[] Version = [.. "version\r\n"u8];

    private readonly byte[][] _setHeads; // Up to the length of the data.
    private readonly byte[][] _gets;
    private readonly Login? _login;

    public MemcacheDialect(string prefix, int queues, bool isReliable, Login? login)
    {
        _login = login;
        var option = isReliable ? "/close/open" : "";
        _setHeads = [.. Enumerable.Range(0, queues).Select(number => Ascii($"set {prefix}{number} 0 0 "))];
        _gets = [.. Enumerable.Range(0, queues).Select(number => Ascii($"get {prefix}{number}{option}\r\n"))];
    }

    /// <returns>Its answer to <c>version</c>.</returns>
    public override string Greet(Socket socket)
    {
        var line = Ask(socket, Version);
        return line.StartsWith("VERSION ", StringComparison.Ordinal)
            ? line
            : throw new CtlException(
                ExitCodes.Failed, $"{socket.RemoteEndPoint} is no memcache server: it answered '{line}' to version");
    }

    public override void LogIn(Socket socket)
    {
        if (_login is not null && Login.IsAskedFor(Ask(socket, Version)))
        {
            Login.Check(Ask(socket, _login.Command), $"{socket.RemoteEndPoint}");
        }
    }

    public override int Write(Span<byte> target, CommandKind kind, int queue, ReadOnlySpan<byte> payload)
    {
        if (kind == CommandKind.Get)
        {
            _gets[queue].CopyTo(target);
            return _gets[queue].Length;
        }

        _setHeads[queue].CopyTo(target);
        return WriteData(target, _setHeads[queue].Length, payload);
    }

    public override Reply Read(ReadOnlySpan<byte> input, CommandKind kind, Span<byte> followUp)
    {
        var end = input.IndexOf((byte)'\n');
        if (end < 0)
        {
            return default;
        }

        var line = input[..end];
        if (kind == CommandKind.Set)
        {
            return new Reply(line.StartsWith("STORED"u8) ? ReplyOutcome.Stored : ReplyOutcome.Refused, end + 1);
        }

        if (line.StartsWith("VALUE "u8) && TryReadLength(line, out var payloadBytes))
        {
            return new Reply(ReplyOutcome.Hit, end + 1 + payloadBytes + "\r\nEND\r\n"u8.Length);
        }

        return new Reply(line.StartsWith("END"u8) ? ReplyOutcome.Miss : ReplyOutcome.Refused, end + 1);
    }

    /// <returns>The answer, which is one line.</returns>
    private static string Ask(Socket socket, ReadOnlySpan<byte> command)
    {
        var reply = new byte[256];
        var count = 0;
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        try
        {
            socket.Send(command);
            while (count < reply.Length && !reply.AsSpan(0, count).Contains((byte)'\n'))
            {
                var received = socket.Receive(reply.AsSpan(count));
                if (received == 0)
                {
                    break;
                }

                count += received;
            }
        }
        catch (SocketException e)
        {
            throw new CtlException(ExitCodes.Failed, $"{socket.RemoteEndPoint} does not answer: {e.Message}", e);
        }

        return Encoding.ASCII.GetString(reply, 0, count).Trim();
    }

    private static bool TryReadLength(ReadOnlySpan<byte> line, out long bytes)
    {
        var digits = line[(line.LastIndexOf((byte)' ') + 1)..];
        return Utf8Parser.TryParse(digits, out bytes, out _) && bytes >= 0;
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
