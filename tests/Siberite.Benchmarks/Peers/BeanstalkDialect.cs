using System.Buffers.Text;
using System.Net.Sockets;
using Siberite.Ctl.Bench;

namespace Siberite.Benchmarks.Peers;

/// <summary>beanstalkd's protocol: a set is a <c>put</c>, a get is a <c>reserve</c> and the <c>delete</c> that ends
/// it. All connections use its default queue.</summary>
internal sealed class BeanstalkDialect : Dialect
{
    public override string Greet(Socket socket) => "beanstalkd";

    public override int Write(Span<byte> target, CommandKind kind, int queue, ReadOnlySpan<byte> payload)
    {
        if (kind == CommandKind.Get)
        {
            "reserve-with-timeout 0\r\n"u8.CopyTo(target);
            return "reserve-with-timeout 0\r\n"u8.Length;
        }

        var head = "put 1024 0 60 "u8;
        head.CopyTo(target);
        return WriteData(target, head.Length, payload);
    }

    public override Reply Read(ReadOnlySpan<byte> input, CommandKind kind, Span<byte> followUp)
    {
        var end = input.IndexOf((byte)'\n');
        if (end < 0)
        {
            return default;
        }

        var line = input[..end];
        return kind switch
        {
            CommandKind.Set => new Reply(Expect(line, "INSERTED "u8, ReplyOutcome.Stored), end + 1),
            CommandKind.Finish => new Reply(Expect(line, "DELETED"u8, ReplyOutcome.Hit), end + 1),
            _ when line.StartsWith("RESERVED "u8) => Delete(line, end + 1, followUp),
            _ => new Reply(Expect(line, "TIMED_OUT"u8, ReplyOutcome.Miss), end + 1),
        };
    }

    private static ReplyOutcome Expect(ReadOnlySpan<byte> line, ReadOnlySpan<byte> word, ReplyOutcome outcome)
        => line.StartsWith(word) ? outcome : ReplyOutcome.Refused;

    /// <summary>From <c>RESERVED id bytes</c> to <c>delete id</c>.</summary>
    private static Reply Delete(ReadOnlySpan<byte> line, int lineBytes, Span<byte> followUp)
    {
        var rest = line["RESERVED "u8.Length..];
        var id = rest[..rest.IndexOf((byte)' ')];
        if (!Utf8Parser.TryParse(rest[(id.Length + 1)..], out long payloadBytes, out _))
        {
            return new Reply(ReplyOutcome.Refused, lineBytes);
        }

        "delete "u8.CopyTo(followUp);
        id.CopyTo(followUp[7..]);
        "\r\n"u8.CopyTo(followUp[(7 + id.Length)..]);
        return new Reply(ReplyOutcome.FollowUp, lineBytes + payloadBytes + 2, 9 + id.Length);
    }
}
