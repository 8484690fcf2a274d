namespace Siberite.Gateway;

// memcached's meta commands, as far as a queue has a meaning for them: each does what its classic command does, and
// only its reply looks different.
internal sealed partial class Session
{
    /// <summary>The meta command under way, until its one reply is owed: commands are carried out one by
    /// one.</summary>
    private MetaCommand? _meta;

    private bool TryServeMeta(scoped ReadOnlySpan<byte> name, LineTokens tokens, ref InputCursor cursor)
    {
        if (name.Length != 2 || name[0] != 'm')
        {
            return false;
        }

        switch (name[1])
        {
            case (byte)'n':
                Reply("MN\r\n");
                return true;
            case (byte)'g':
                MetaGet(tokens);
                return true;
            case (byte)'s':
                MetaSet(tokens, ref cursor);
                return true;
            case (byte)'d':
                MetaDelete(tokens);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A get. One that does not ask for the item leaves it where it is.</summary>
    private void MetaGet(LineTokens tokens)
    {
        if (MetaCommand.TryParse(MetaVerb.Get, tokens.Next(), tokens, out var meta) is { } error)
        {
            Refuse(error);
            return;
        }

        _meta = meta;
        GetOne(meta.Key, meta.ShowsValue ? GetOptions.None : GetOptions.Peek);
    }

    private void MetaSet(LineTokens tokens, ref InputCursor cursor)
    {
        _counts.Sets++;
        var key = tokens.Next();
        var bytesToken = tokens.Next();
        if (!SetLine.TryParseNumber(bytesToken, out var dataBytes))
        {
            Refuse(bytesToken.IsEmpty ? ErrorReplies.BadSetLine : ErrorReplies.BadByteCount);
            return;
        }

        var error = MetaCommand.TryParse(MetaVerb.Set, key, tokens, out var meta);
        error = SetLine.CheckLength(dataBytes, _gateway.Options.MaxItemBytes) ?? error;
        meta.ItemBytes = dataBytes;
        _meta = error is null ? meta : null;
        Receive(error, SetLine.Of(meta, dataBytes), ref cursor);
    }

    private void MetaDelete(LineTokens tokens)
    {
        if (MetaCommand.TryParse(MetaVerb.Delete, tokens.Next(), tokens, out var meta) is { } error)
        {
            Refuse(error);
            return;
        }

        _meta = meta;
        WithQueue(
            meta.Key, isSilent: false, static (session, queue) => session.DeleteAsync(queue), ReplyKind.Deleted);
    }

    /// <summary>The reply of the classic command as the meta command's. Errors read the same in both.</summary>
    private static PendingReply AsMeta(in PendingReply reply, MetaCommand meta)
        => reply.Kind switch
        {
            ReplyKind.Stored => reply with
            {
                Kind = meta.IsQuiet ? ReplyKind.MetaQuiet : ReplyKind.MetaDone,
                Text = meta.Echo(meta.ItemFlags, meta.ItemBytes),
            },
            ReplyKind.NotStored => reply with { Kind = ReplyKind.MetaNotStored, Text = meta.Echo(0, -1) },
            ReplyKind.Deleted => reply with
            {
                Kind = meta.IsQuiet ? ReplyKind.Silence : ReplyKind.MetaDone,
                Text = meta.Echo(0, -1),
            },
            ReplyKind.End => reply with
            {
                Kind = meta.IsQuiet ? ReplyKind.Silence : ReplyKind.MetaMiss,
                Text = meta.Echo(0, -1),
            },
            ReplyKind.ValueAndEnd => reply with
            {
                Kind = meta.ShowsValue ? ReplyKind.MetaValue : ReplyKind.MetaDone,
                Text = meta.Echo(reply.Item.Flags, reply.Item.PayloadBytes),
            },
            _ => reply,
        };
}
