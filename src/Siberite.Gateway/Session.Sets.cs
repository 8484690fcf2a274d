using System.Buffers;
using System.Diagnostics;
using Siberite.Contracts;

namespace Siberite.Gateway;

// The set: its data, whole or in pieces, and where it goes.
internal sealed partial class Session
{
    private void Set(LineTokens tokens, ref InputCursor cursor)
    {
        _counts.Sets++;
        var error = SetLine.TryParse(tokens, _gateway.Options.MaxItemBytes, out var line);
        Receive(error, line, ref cursor);
    }

    private void Receive(ErrorReply? error, in SetLine line, ref InputCursor cursor)
    {
        if (error is { ClosesSession: true })
        {
            Refuse(error);
        }
        else if (error is not null)
        {
            _intake.Swallow(line.DataBytes, error, line.IsSilent);
        }
        else if (_isKnown && Refuses(Refusals.Writes))
        {
            _intake.Swallow(line.DataBytes, RefusalOf(Refusals.Writes), line.IsSilent);
        }
        else if (!cursor.TryTake(line.DataBytes + 2, out var data))
        {
            _intake.Start(line, BeginLarge(line));
        }
        else if (!EndsInCrlf(data))
        {
            Refuse(ErrorReplies.BadData);
        }
        else
        {
            Append(line.Key, line.Flags, line.Exptime, line.IsSilent, data.Slice(0, line.DataBytes));
        }
    }

    private void FinishIntake()
    {
        try
        {
            if (_intake.IsSwallowed)
            {
                if (_intake.Refusal is { } refusal)
                {
                    Refuse(refusal);
                }
            }
            else if (!_intake.EndsInCrlf())
            {
                Refuse(ErrorReplies.BadData);
            }
            else
            {
                Append(
                    _intake.Key, _intake.Flags, _intake.Exptime, _intake.IsSilent, new(_intake.Data),
                    _intake.CompleteLarge());
            }
        }
        catch (SiberiteException e)
        {
            Refuse(ErrorReplies.For(e));
        }
        finally
        {
            _intake.End();
        }
    }

    /// <summary>Has a large payload for a queue of this silo go to its file while it comes.</summary>
    private (IQueue Queue, ILargeDraft Draft)? BeginLarge(in SetLine line)
        => _isKnown // What a stranger sends is a password.
            && QueueName.IsLegal(line.Key)
            && _gateway.Router.TryGetResolved(line.Key, out var queue)
            && queue.BeginLarge((int)line.DataBytes) is { } draft ? (queue, draft) : null;

    private void Append(
        ReadOnlySpan<byte> key, uint flags, long exptime, bool isSilent, in ReadOnlySequence<byte> payload,
        ILargePayload? large = null)
    {
        if (!_isKnown)
        {
            Admit(payload, isSilent);
            return;
        }

        _batchBytes += payload.Length > MaxSharedBytes ? 0 : payload.Length; // Larger ones go to files.
        var options = _gateway.Options;
        var error = SetKey.TryParse(key, options.MaxTargets, out var targets, out var targetCount, out var asked);
        targetCount = FansOut ? 1 : targetCount; // One queue, and a child's name if there is a plus in it.
        if (error is null && targetCount == 1 && !QueueName.IsLegal(targets))
        {
            error = ErrorReplies.InvalidQueueName;
        }

        if (error is not null)
        {
            RefuseUnlessSilent(error, isSilent);
            return;
        }

        var expiresAt = options.HonourExpiration ? Expiration.At(exptime, _gateway.Time) : 0;
        var draft = new ItemDraft(payload, flags, expiresAt, asked.MustSync)
        {
            Delay = asked.Delay,
            Id = asked.Id,
            Large = large,
        };
        if (targetCount > 1)
        {
            AppendToAll(targets, draft, isSilent);
            return;
        }

        try
        {
            if (_gateway.Router.TryGetResolved(targets, out var queue))
            {
                if (large is not null && queue != _intake.LargeQueue)
                {
                    draft = draft.Copied(); // It has moved, or was made anew, since the payload began.
                }

                if (MustFollow(queue))
                {
                    OweFollowingAppend(queue, draft, isSilent);
                    return;
                }

                var append = queue.AppendAsync(draft);
                if (!append.IsCompleted)
                {
                    OweAppend(queue, append, draft, isSilent);
                    return;
                }

                var result = append.GetAwaiter().GetResult();
                if (result.Status != AppendStatus.Gone)
                {
                    ReplyStored(result, isSilent);
                    return;
                }
            }
        }
        catch (SiberiteException e) when (isSilent)
        {
            LogRefused(_log, _id.Number, e.Message);
            return;
        }

        AppendBehind(QueueName.Parse(targets), draft.Copied(), isSilent);
    }

    private void AppendToAll(ReadOnlySpan<byte> targets, in ItemDraft draft, bool isSilent)
    {
        var names = new List<QueueName>();
        foreach (var range in targets.Split((byte)'+'))
        {
            if (!QueueName.TryParse(targets[range], out var name))
            {
                RefuseUnlessSilent(ErrorReplies.InvalidQueueName, isSilent);
                return;
            }

            if (names.Contains(name))
            {
                RefuseUnlessSilent(ErrorReplies.DuplicateTarget, isSilent);
                return;
            }

            names.Add(name);
        }

        var copy = draft.Copied();
        BlockBehindAll(() => AppendSlowlyAsync(names, copy, isSilent));
    }

    private void AppendBehind(QueueName name, ItemDraft draft, bool isSilent)
        => BlockBehind(name, () => AppendSlowlyAsync([name], draft, isSilent));

    /// <summary>Appends where the way is not known yet, or to several queues.</summary>
    private async Task<Action> AppendSlowlyAsync(List<QueueName> names, ItemDraft draft, bool isSilent)
    {
        // Sets of this session that are under way to these queues come first, whichever way they go.
        var earlier = Task.WhenAll(names.Select(TailOf));
        try
        {
            await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Their own replies tell of failures.
            AppendResult result;
            do
            {
                result = names.Count > 1
                    ? await _gateway.Router.AppendToAllAsync(names, draft)
                    : await (await _gateway.Router.OpenAsync(names[0])).AppendAsync(draft);
            }
            while (result.Status == AppendStatus.Gone); // Deleted meanwhile: this set comes after that.

            return () => ReplyStored(result, isSilent);
        }
        catch (SiberiteException e)
        {
            return () => RefuseUnlessSilent(ErrorReplies.For(e), isSilent);
        }
    }

    private void ReplyStored(in AppendResult result, bool isSilent)
        => Reply(
            isSilent ? ReplyKind.Silence
                : result.Status is AppendStatus.Full or AppendStatus.Duplicate ? ReplyKind.NotStored
                : ReplyKind.Stored,
            result.Commit);

    private void RefuseUnlessSilent(ErrorReply error, bool isSilent)
    {
        if (!isSilent)
        {
            Refuse(error);
        }
    }

    private static bool EndsInCrlf(in ReadOnlySequence<byte> data)
    {
        Debug.Assert(data.Length >= 2);
        Span<byte> end = stackalloc byte[2];
        data.Slice(data.Length - 2).CopyTo(end);
        return end.SequenceEqual("\r\n"u8);
    }
}
