using System.Buffers;
using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

// What each command does.
internal sealed partial class Session
{
    private readonly List<HeldRead> _reads = []; // The client's open reads, oldest first.

    /// <summary>Tells clients that came to the wrong port from the first byte: they would wait for ever.</summary>
    private void CheckFirstByte(byte first)
    {
        _isFirstByteChecked = true;
        var protocol = first switch
        {
            0x80 => "memcache's binary protocol",
            0x16 => "TLS",
            _ => null,
        };
        if (protocol is not null)
        {
            RejectForeign(protocol, "Configure the client for the plain text protocol.");
        }
    }

    private void RejectForeign(string protocol, string remedy)
    {
        _gateway.Foreign.Once(protocol, () => LogForeign(_log, protocol, remedy));
        _isClosing = true;
    }

    /// <summary>Later lines of a request's head or body must not run as commands.</summary>
    private void RejectHttp()
        => RejectForeign("HTTP", "Health checks belong to /healthz and /readyz of the admin address.");

    private void Serve(ReadOnlySpan<byte> line, ref InputCursor cursor)
    {
        try
        {
            if (!_isKnown)
            {
                ServeStranger(line, ref cursor);
                return;
            }

            var tokens = new LineTokens(line);
            var command = tokens.Next();
            if (command.SequenceEqual("get"u8))
            {
                Get(tokens);
            }
            else if (command.SequenceEqual("set"u8))
            {
                Set(tokens, ref cursor);
            }
            else
            {
                ServeOther(line, command, tokens, ref cursor);
            }
        }
        catch (SiberiteException e)
        {
            Refuse(ErrorReplies.For(e));
        }
    }

    private void ServeOther(
        ReadOnlySpan<byte> line, ReadOnlySpan<byte> command, LineTokens tokens, ref InputCursor cursor)
    {
        if (IsHttp(line))
        {
            RejectHttp();
            return;
        }

        Span<byte> name = stackalloc byte[24];
        if (command.Length > name.Length || Ascii.ToLower(command, name, out var length) != OperationStatus.Done)
        {
            Refuse(ErrorReplies.Unknown);
            return;
        }

        name = name[..length];
        if (name.SequenceEqual("get"u8) || name.SequenceEqual("gets"u8))
        {
            Get(tokens);
        }
        else if (name.SequenceEqual("set"u8))
        {
            Set(tokens, ref cursor);
        }
        else if (!TryServeQueue(name, tokens)
            && !TryServeExpiry(name, tokens)
            && !TryServeAdministration(name, tokens)
            && !TryServeMeta(name, tokens, ref cursor)
            && !TrySwallowForeign(name, tokens))
        {
            Refuse(name.SequenceEqual("proxy"u8) ? ErrorReplies.UnknownWithUnknownLength : ErrorReplies.Unknown);
        }
    }

    private bool TryServeQueue(ReadOnlySpan<byte> name, LineTokens tokens)
    {
        if (name.SequenceEqual("delete"u8))
        {
            WithQueue(tokens, static (session, queue) => session.DeleteAsync(queue), ReplyKind.Deleted);
        }
        else if (name.SequenceEqual("flush"u8))
        {
            WithQueue(tokens, static (session, queue) => session.PurgeAsync(queue), ReplyKind.End);
        }
        else if (name.SequenceEqual("flush_all"u8))
        {
            FlushAll(tokens);
        }
        else if (name.SequenceEqual("monitor"u8))
        {
            Monitor(tokens);
        }
        else if (name.SequenceEqual("confirm"u8))
        {
            Confirm(tokens);
        }
        else if (name.SequenceEqual("touch"u8))
        {
            Touch(tokens);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>Swallows the data of storage commands we do not have: it must never run as commands.</summary>
    private bool TrySwallowForeign(ReadOnlySpan<byte> name, LineTokens tokens)
    {
        var lengthIndex = name.SequenceEqual("add"u8) || name.SequenceEqual("replace"u8)
                || name.SequenceEqual("append"u8) || name.SequenceEqual("prepend"u8) || name.SequenceEqual("cas"u8) ? 3
            : -1;
        if (lengthIndex < 0)
        {
            return false;
        }

        for (; lengthIndex > 0; lengthIndex--)
        {
            tokens.Next();
        }

        if (SetLine.TryParseForeignLength(tokens.Next(), out var dataBytes))
        {
            _intake.Swallow(dataBytes, ErrorReplies.Unknown, isSilent: false);
        }
        else
        {
            Refuse(ErrorReplies.UnknownWithUnknownLength);
        }

        return true;
    }

    private void WithQueue(
        LineTokens tokens, Func<Session, ReaderName, ValueTask<Commit>> act, ReplyKind kind)
    {
        var key = tokens.Next();
        var isSilent = tokens.Next().SequenceEqual("noreply"u8);
        WithQueue(key, isSilent, act, kind);
    }

    private void WithQueue(
        ReadOnlySpan<byte> key, bool isSilent, Func<Session, ReaderName, ValueTask<Commit>> act, ReplyKind kind)
    {
        if (key.IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (Refuses(Refusals.Writes))
        {
            RefuseUnlessSilent(RefusalOf(Refusals.Writes), isSilent);
        }
        else if (key.Contains(QueueName.ChildSeparator) && !FansOut)
        {
            RefuseUnlessSilent(ErrorReplies.InvalidQueueName, isSilent);
        }
        else if (ReaderKey.TryParse(key, out var reader) is not null)
        {
            Reply(isSilent ? ReplyKind.Silence : kind); // There can be no such queue, so there is none now.
        }
        else
        {
            var name = ReaderName.Of(reader);
            BlockBehindAll(() => RunAsync(name));
        }

        async Task<Action> RunAsync(ReaderName name)
        {
            var commit = await act(this, name);
            return () => Reply(isSilent ? ReplyKind.Silence : kind, commit);
        }
    }

    private async ValueTask<Commit> DeleteAsync(ReaderName name)
        => name.Cursor is null ? await _gateway.Router.DeleteAsync(name.Queue)
            : await _gateway.Router.FindAsync(name.Queue) is { } queue
                ? await queue.OpenCursor(name.Cursor).DropAsync()
                : default;

    private async ValueTask<Commit> PurgeAsync(ReaderName name)
        => await _gateway.Router.FindAsync(name.Queue) is { } queue ? await name.In(queue).PurgeAsync() : default;

    private void FlushAll(LineTokens tokens)
    {
        var isSilent = IsLastSilent(tokens);
        if (!_gateway.Options.AllowFlushAll)
        {
            RefuseUnlessSilent(ErrorReplies.FlushAllRefused, isSilent);
            return;
        }

        if (Refuses(Refusals.Writes))
        {
            RefuseUnlessSilent(RefusalOf(Refusals.Writes), isSilent);
            return;
        }

        BlockBehindAll(RunAsync);

        async Task<Action> RunAsync()
        {
            var commit = await _gateway.Router.PurgeAllAsync();
            return () => Reply(isSilent ? ReplyKind.Silence : ReplyKind.Flushed, commit);
        }
    }

    private void ReplyUnlessSilent(LineTokens tokens, string text)
    {
        if (!IsLastSilent(tokens))
        {
            Reply(text);
        }
    }

    private static bool IsLastSilent(LineTokens tokens)
    {
        var last = tokens.Next();
        for (var next = tokens.Next(); !next.IsEmpty; next = tokens.Next())
        {
            last = next;
        }

        return last.SequenceEqual("noreply"u8);
    }

    /// <summary>Whether the silo's status or the number of connections forbids it.</summary>
    private bool Refuses(Refusals kind) => ((Refused | _gateway.Gate.Refused) & kind) != 0;

    /// <summary>What the client is told of that. A retry elsewhere, or later, may help.</summary>
    private ErrorReply RefusalOf(Refusals kind)
    {
        var isQuiescent = (_gateway.Gate.Refused & Refusals.Reads) != 0;
        var isBeyondLimit = (Refused & kind) != 0;
        return kind == Refusals.Reads
            ? isBeyondLimit ? ErrorReplies.ReadsBeyondLimit : ErrorReplies.QuiescentReads
            : isBeyondLimit ? ErrorReplies.WritesBeyondLimit
            : isQuiescent ? ErrorReplies.QuiescentWrites
            : ErrorReplies.ReadOnly;
    }

    private static bool IsHttp(ReadOnlySpan<byte> line) => line.Length > 9 && line[^8..^1].SequenceEqual("HTTP/1."u8);

    /// <summary>An item this client has open.</summary>
    private readonly record struct HeldRead(IQueue Queue, long Sequence);
}
