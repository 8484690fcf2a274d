using System.Buffers;
using System.Buffers.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Writes replies as bytes of the protocol. Allocates nothing.</summary>
internal static class ReplyWriter
{
    /// <summary>Longest <c>VALUE</c> line: name, flags, length and four separators.</summary>
    private const int MaxValueLineBytes = 6 + QueueName.MaxBytes + 1 + 10 + 1 + 10 + 2;

    /// <summary>Payloads up to this size are written together with their line, in one span.</summary>
    private const int MaxInlinePayloadBytes = 2048;

    public static void Write(IBufferWriter<byte> output, in PendingReply reply)
    {
        switch (reply.Kind)
        {
            case ReplyKind.Stored:
                output.Write("STORED\r\n"u8);
                break;
            case ReplyKind.NotStored:
                output.Write("NOT_STORED\r\n"u8);
                break;
            case ReplyKind.End:
                output.Write("END\r\n"u8);
                break;
            case ReplyKind.Deleted:
                output.Write("DELETED\r\n"u8);
                break;
            case ReplyKind.Flushed:
                output.Write("Flushed all queues.\r\n"u8);
                break;
            case ReplyKind.Value:
                WriteValue(output, reply, "\r\n"u8);
                break;
            case ReplyKind.ValueAndEnd:
                WriteValue(output, reply, "\r\nEND\r\n"u8);
                break;
            case ReplyKind.Text:
                output.Write(reply.Text.Span);
                break;
            case ReplyKind.MetaDone or ReplyKind.MetaNotStored or ReplyKind.MetaMiss or ReplyKind.MetaValue:
                WriteMeta(output, reply);
                break;
            default:
                break;
        }
    }

    private static void WriteMeta(IBufferWriter<byte> output, in PendingReply reply)
    {
        output.Write(reply.Kind switch
        {
            ReplyKind.MetaDone => "HD"u8,
            ReplyKind.MetaNotStored => "NS"u8,
            ReplyKind.MetaMiss => "EN"u8,
            _ => "VA "u8,
        });
        if (reply.Kind != ReplyKind.MetaValue)
        {
            output.Write(reply.Text.Span);
            output.Write("\r\n"u8);
            return;
        }

        Utf8Formatter.TryFormat(reply.Item.PayloadBytes, output.GetSpan(MaxValueLineBytes), out var written);
        output.Advance(written);
        output.Write(reply.Text.Span);
        output.Write("\r\n"u8);
        WritePayload(output, reply.Item);
        output.Write("\r\n"u8);
    }

    private static void WriteValue(IBufferWriter<byte> output, in PendingReply reply, ReadOnlySpan<byte> trailer)
    {
        if (reply.Item.PayloadBytes <= MaxInlinePayloadBytes && reply.Item.Large is null)
        {
            var payload = reply.Item.Payload;
            var span = output.GetSpan(MaxValueLineBytes + payload.Length + trailer.Length);
            var count = FormatValueLine(span, reply);
            payload.CopyTo(span[count..]);
            trailer.CopyTo(span[(count + payload.Length)..]);
            output.Advance(count + payload.Length + trailer.Length);
            return;
        }

        output.Advance(FormatValueLine(output.GetSpan(MaxValueLineBytes), reply));
        WritePayload(output, reply.Item);
        output.Write(trailer);
    }

    /// <summary>Writes the payload, and lets go of it if it is a large one.</summary>
    private static void WritePayload(IBufferWriter<byte> output, in Item item)
    {
        if (item.Large is not { } large)
        {
            output.Write(item.Payload);
        }
        else if (output is PolledWriter polled)
        {
            polled.WriteLarge(large);
        }
        else
        {
            try
            {
                output.Write(large.ToArray());
            }
            finally
            {
                large.Release();
            }
        }
    }

    private static int FormatValueLine(Span<byte> target, in PendingReply reply)
    {
        var name = reply.Queue!.Name.Utf8.Span;
        "VALUE "u8.CopyTo(target);
        var count = 6;
        name.CopyTo(target[count..]);
        count += name.Length;
        target[count++] = (byte)' ';
        Utf8Formatter.TryFormat(reply.Item.Flags, target[count..], out var written);
        count += written;
        target[count++] = (byte)' ';
        Utf8Formatter.TryFormat(reply.Item.PayloadBytes, target[count..], out written);
        count += written;
        "\r\n"u8.CopyTo(target[count..]);
        return count + 2;
    }
}
