using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Gateway;

// What the client is owed, in order, and what happens to items once it has been sent.
internal sealed partial class Session
{
    /// <summary>Reply bytes handed to the socket in one go. 256 KiB keeps the socket busy and the buffers
    /// small.</summary>
    private const int MaxBytesPerSend = 256 << 10;

    private readonly Queue<PendingReply> _owed = new();
    private readonly List<(IQueue Queue, long Sequence)> _sent = []; // Plain gets in the send under way.
    private int _owedBytes;
    private long _wantedWritten;
    private long _wantedSynced;
    private volatile bool _isListening;

    private bool HasReplyDue => _owed.TryPeek(out var reply) && (reply.IsDone(Commits) || Commits.HasFailed);

    private ICommitLog Commits => _gateway.Router.Commits;

    private void Reply(ReplyKind kind) => Owe(new PendingReply(kind));

    private void Reply(ReplyKind kind, Commit commit)
    {
        var reply = new PendingReply(kind);
        reply.WaitFor(commit);
        Owe(reply);
    }

    private void Reply(string text)
        => Owe(new PendingReply(ReplyKind.Text) { Text = Encoding.ASCII.GetBytes(text) });

    /// <summary>Tells the client of an error, after what it is owed already.</summary>
    private void Refuse(ErrorReply error)
    {
        if (_log.IsEnabled(LogLevel.Debug))
        {
            LogRefused(_log, _id.Number, Encoding.ASCII.GetString(error.Line.Span).TrimEnd());
        }

        _counts.Refused++;
        _isClosing |= error.ClosesSession;
        _monitoring = null;
        Owe(new PendingReply(ReplyKind.Text) { Text = error.Line });
    }

    private void Owe(in PendingReply reply)
    {
        if (_meta is { } meta)
        {
            _meta = null;
            Owe(AsMeta(reply, meta));
            return;
        }

        _owed.Enqueue(reply);
        _owedBytes += reply.Bytes;
        _wantedWritten = Math.Max(_wantedWritten, reply.WrittenBatch);
        _wantedSynced = Math.Max(_wantedSynced, reply.SyncedBatch);
    }

    /// <summary>Asks for the commits of this batch's replies: all its commands share them.</summary>
    private void RequestCommits()
    {
        if (_wantedWritten != 0)
        {
            Commits.Request(new Commit(_wantedWritten, CommitLevel.Written));
            _wantedWritten = 0;
        }

        if (_wantedSynced != 0)
        {
            Commits.Request(new Commit(_wantedSynced, CommitLevel.Synced));
            _wantedSynced = 0;
        }
    }

    /// <summary>Sends every reply whose turn has come, and has the session woken when the next one is due.</summary>
    /// <returns>Whether the client is still there.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // A send that has to wait allocates nothing.
    private async ValueTask<bool> SendRepliesAsync()
    {
        while (WriteRepliesDue())
        {
            var deadline = Deadline;
            Deadline = _gateway.Sessions.DeadlineIn(_gateway.Options.SendTimeout);
            var flush = await _output.FlushAsync();
            Deadline = deadline;
            if (flush.IsCompleted)
            {
                return false;
            }

            CloseSent();
        }

        ListenForNext();
        return true;
    }

    /// <returns>Whether there is anything to send.</returns>
    private bool WriteRepliesDue()
    {
        var bytes = 0;
        while (bytes < MaxBytesPerSend && HasReplyDue)
        {
            var reply = _owed.Dequeue();
            _owedBytes -= reply.Bytes;
            bytes += Write(reply);
        }

        _counts.SentBytes += bytes;
        return bytes > 0;
    }

    private int Write(in PendingReply reply)
    {
        var written = Settle(reply);
        if (written.ClosesItem)
        {
            _sent.Add((written.Queue!, written.Item.Sequence));
        }

        ReplyWriter.Write(_output, written);
        if (written.Kind is not (ReplyKind.Value or ReplyKind.ValueAndEnd or ReplyKind.MetaValue))
        {
            written.Item.Large?.Release(); // It is not shown.
        }

        return written.Kind is ReplyKind.Silence or ReplyKind.MetaQuiet ? 0 : written.Bytes;
    }

    /// <summary>What the reply says now that its fate is known.</summary>
    private PendingReply Settle(in PendingReply reply)
    {
        if (!reply.IsDone(Commits))
        {
            // The store failed before the commit: the change may or may not survive, so nothing of it is shown.
            _counts.Refused++;
            reply.Item.Large?.Release();
            if (reply is { ClosesItem: true, UnderWay: Task<TakeEnd> underWay })
            {
                _takesUnderWay--;
                _ = GiveBackAsync(underWay);
            }
            else if (reply.ClosesItem)
            {
                reply.Queue!.AbortAsync(_id, reply.Item.Sequence).AsTask();
            }

            return reply.Kind == ReplyKind.Silence ? reply : ErrorText(ErrorReplies.For(SiberiteError.StorageFailed));
        }

        if (reply.UnderWay is Task<TakeEnd> take)
        {
            return SettleTake(take, reply.ClosesItem);
        }

        if (reply.UnderWay is not Task<AppendResult> append || reply.Kind == ReplyKind.Silence)
        {
            return reply;
        }

        if (!append.IsCompletedSuccessfully)
        {
            return ErrorText(ErrorFor(append.Exception!.InnerException!));
        }

        return append.Result.Status is not (AppendStatus.Full or AppendStatus.Duplicate) ? reply
            : reply with { Kind = reply.Kind == ReplyKind.Stored ? ReplyKind.NotStored : ReplyKind.MetaNotStored };
    }

    private static PendingReply ErrorText(ErrorReply error) => new(ReplyKind.Text) { Text = error.Line };

    private ErrorReply ErrorFor(Exception e)
    {
        if (e is SiberiteException known)
        {
            return ErrorReplies.For(known);
        }

        LogFault(_log, _id.Number, e);
        return ErrorReplies.Internal;
    }

    /// <summary>Closes the plain gets whose bytes the socket has taken. No reply waits for that: a crash before the
    /// close is written serves them again.</summary>
    private void CloseSent()
    {
        foreach (var (queue, sequence) in _sent)
        {
            queue.CloseSent(_id, sequence);
        }

        _sent.Clear();
    }

    private void ListenForNext()
    {
        if (_isListening || !_owed.TryPeek(out var next))
        {
            return;
        }

        if (next.UnderWay is { IsCompleted: false } underWay)
        {
            _isListening = true;
            underWay.GetAwaiter().UnsafeOnCompleted(OnCommitted);
            return;
        }

        var written = new Commit(next.WrittenBatch, CommitLevel.Written);
        var synced = new Commit(next.SyncedBatch, CommitLevel.Synced);
        _isListening = true;
        Commits.Notify(Commits.IsDone(written) ? synced : written, this);
    }

    private async ValueTask AbortAllAsync()
    {
        foreach (var reply in _owed)
        {
            reply.Item.Large?.Release(); // Nobody will be sent it.
        }

        // All at once: one home that does not answer must not hold the items of others.
        var aborts = _sent
            .Concat(_owed.Where(reply => reply is { ClosesItem: true, UnderWay: null })
                .Select(reply => (reply.Queue!, reply.Item.Sequence)))
            .Select(item => TryGiveBackAsync(item.Item1, item.Sequence, hasFailed: false));
        var underWay = _owed.Where(reply => reply.ClosesItem && reply.UnderWay is Task<TakeEnd>)
            .Select(reply => GiveBackAsync((Task<TakeEnd>)reply.UnderWay!));

        // That the silo stops is nobody's failure.
        var returns = _reads.Select(read => TryGiveBackAsync(read.Queue, read.Sequence, hasFailed: !_isStopping));
        await Task.WhenAll(aborts.Concat(underWay).Concat(returns));
    }

    private async Task TryGiveBackAsync(IQueue queue, long sequence, bool hasFailed)
    {
        try
        {
            await (hasFailed ? queue.ReturnAsync(_id, sequence) : queue.AbortAsync(_id, sequence));
        }
        catch (SiberiteException e)
        {
            LogLost(_log, _id.Number, e.Message); // Its home is away, and gives it back when it hears of us.
        }
    }
}
