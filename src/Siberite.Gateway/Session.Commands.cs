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

    private void Serve(ReadOnlySpan<byte> line, ref InputCursor cursor)
    {
        try
        {
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
            // Later lines of a request's head or body must not run as commands.
            RejectForeign("HTTP", "Health checks belong to /healthz and /readyz of the admin address.");
            return;
        }

        Span<byte> name = stackalloc byte[16];
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
        else if (!TryServeAdministration(name, tokens) && !TrySwallowForeign(name, tokens))
        {
            Refuse(name.SequenceEqual("proxy"u8) ? ErrorReplies.UnknownWithUnknownLength : ErrorReplies.Unknown);
        }
    }

    private bool TryServeAdministration(ReadOnlySpan<byte> name, LineTokens tokens)
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
        else if (name.SequenceEqual("stats"u8))
        {
            Stats(tokens);
        }
        else if (name.SequenceEqual("version"u8))
        {
            Reply($"VERSION {GatewayParts.Version}\r\n");
        }
        else if (name.SequenceEqual("verbosity"u8))
        {
            ReplyUnlessSilent(tokens, "OK\r\n");
        }
        else if (name.SequenceEqual("mn"u8))
        {
            Reply("MN\r\n");
        }
        else if (name.SequenceEqual("reload"u8))
        {
            Reload();
        }
        else if (name.SequenceEqual("quit"u8))
        {
            _isClosing = true;
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
        var lengthIndex = name.SequenceEqual("ms"u8) ? 1
            : name.SequenceEqual("add"u8) || name.SequenceEqual("replace"u8) || name.SequenceEqual("append"u8)
                || name.SequenceEqual("prepend"u8) || name.SequenceEqual("cas"u8) ? 3
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
        LineTokens tokens, Func<Session, QueueName, ValueTask<Commit>> act, ReplyKind kind)
    {
        var key = tokens.Next();
        var isSilent = tokens.Next().SequenceEqual("noreply"u8);
        if (key.IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (key.Contains((byte)'+'))
        {
            RefuseUnlessSilent(ErrorReplies.InvalidQueueName, isSilent);
        }
        else if (!QueueName.TryParse(key, out var name))
        {
            Reply(isSilent ? ReplyKind.Silence : kind); // There can be no such queue, so there is none now.
        }
        else
        {
            BlockBehindAll(() => RunAsync(name));
        }

        async Task<Action> RunAsync(QueueName queue)
        {
            var commit = await act(this, queue);
            return () => Reply(isSilent ? ReplyKind.Silence : kind, commit);
        }
    }

    private ValueTask<Commit> DeleteAsync(QueueName name) => _gateway.Router.DeleteAsync(name);

    private async ValueTask<Commit> PurgeAsync(QueueName name)
        => await _gateway.Router.FindAsync(name) is { } queue ? await queue.PurgeAsync() : default;

    private void FlushAll(LineTokens tokens)
    {
        var isSilent = IsLastSilent(tokens);
        if (!_gateway.Options.AllowFlushAll)
        {
            RefuseUnlessSilent(ErrorReplies.FlushAllRefused, isSilent);
            return;
        }

        BlockBehindAll(RunAsync);

        async Task<Action> RunAsync()
        {
            var commit = await _gateway.Router.PurgeAllAsync();
            return () => Reply(isSilent ? ReplyKind.Silence : ReplyKind.Flushed, commit);
        }
    }

    private void Stats(LineTokens tokens)
    {
        var argument = tokens.Next();
        if (argument.SequenceEqual("reset"u8))
        {
            Reply("RESET\r\n");
            return;
        }

        var isScope = argument.SequenceEqual("silo"u8) || argument.SequenceEqual("cluster"u8);
        var scope = argument.SequenceEqual("silo"u8) ? StatsScope.Silo
            : isScope ? StatsScope.Cluster
            : _gateway.Options.StatsScope;
        QueueName? name = null;
        if (!argument.IsEmpty && !isScope && !QueueName.TryParse(argument, out name))
        {
            Reply(ReplyKind.End);
            return;
        }

        BlockBehindAll(RunAsync);

        async Task<Action> RunAsync()
        {
            var stats = await _gateway.Router.GetStatsAsync(name, scope);
            return () => Reply(StatsReport.Render(_gateway, stats, withGlobals: name is null));
        }
    }

    private void Reload()
    {
        if (!_gateway.Options.AllowReload)
        {
            Refuse(ErrorReplies.ReloadRefused);
        }
        else
        {
            Block(Task.Run<Action>(() => // It reads files, and socket threads must not wait for disks.
            {
                var refusal = _gateway.Control.Reload();
                return () => Reply(refusal is null ? "Reloaded config.\r\n" : $"CLIENT_ERROR {refusal}\r\n");
            }));
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

    private static bool IsHttp(ReadOnlySpan<byte> line) => line.Length > 9 && line[^8..^1].SequenceEqual("HTTP/1."u8);

    /// <summary>An item this client has open.</summary>
    private readonly record struct HeldRead(IQueue Queue, long Sequence);
}
