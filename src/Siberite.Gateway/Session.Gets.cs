using Siberite.Contracts;

namespace Siberite.Gateway;

// The get family: plain and reliable reads, peeks, waits, several keys.
internal sealed partial class Session
{
    private volatile bool _mayWait = true; // Not once the client or the silo is going.

    private void Get(LineTokens tokens)
    {
        var key = tokens.Next();
        var rest = tokens;
        if (key.IsEmpty)
        {
            Refuse(ErrorReplies.BadLine);
        }
        else if (!rest.Next().IsEmpty)
        {
            GetMany(key, tokens);
        }
        else
        {
            GetOne(key, GetOptions.None);
        }
    }

    /// <param name="key">With its options.</param>
    /// <param name="otherwise">What is meant by a key without an option but a time.</param>
    private void GetOne(ReadOnlySpan<byte> key, GetOptions otherwise)
    {
        if (GetKey.TryParse(key, _gateway.Options.MaxWait, out var get) is { } error)
        {
            Refuse(error);
        }
        else if (IsForeignChild(get.Reader))
        {
            Refuse(ErrorReplies.InvalidQueueName);
        }
        else if ((get.Options & GetOptions.Abort) != 0)
        {
            Abort(get.Reader);
        }
        else if ((get.Options & GetOptions.Close) != 0)
        {
            Close(get);
        }
        else
        {
            var isPlain = (get.Options & ~GetOptions.Timed) == 0;
            Take(get.Reader, isPlain ? otherwise : get.Options, get.Wait, closed: default);
        }
    }

    private void Abort(ReaderKey key)
    {
        if (!TryDetachRead(key, out var read))
        {
            Reply(ReplyKind.End);
            return;
        }

        var abort = read.Queue.AbortAsync(_id, read.Sequence);
        if (abort.IsCompletedSuccessfully)
        {
            Reply(ReplyKind.End);
        }
        else
        {
            Block(RunAsync(abort));
        }

        async Task<Action> RunAsync(ValueTask aborting)
        {
            await aborting;
            return () => Reply(ReplyKind.End);
        }
    }

    private void Close(in GetKey get)
    {
        if (!TryDetachRead(get.Reader, out var read))
        {
            AfterClose(get.Reader, get.Options, get.Wait, closed: default);
            return;
        }

        var close = read.Queue.CloseAsync(_id, read.Sequence);
        if (close.IsCompletedSuccessfully)
        {
            AfterClose(get.Reader, get.Options, get.Wait, close.Result);
        }
        else
        {
            Block(RunAsync(close, get.Reader.Address.ToArray(), get.Options, get.Wait));
        }

        async Task<Action> RunAsync(ValueTask<Commit> closing, byte[] address, GetOptions options, TimeSpan wait)
        {
            var closed = await closing;
            return () => AfterClose(ReaderKey.Parse(address), options, wait, closed);
        }
    }

    private void AfterClose(ReaderKey key, GetOptions options, TimeSpan wait, Commit closed)
    {
        if ((options & GetOptions.Open) != 0)
        {
            Take(key, options, wait, closed);
        }
        else
        {
            Reply(ReplyKind.End, closed);
        }
    }

    private void Take(ReaderKey key, GetOptions options, TimeSpan wait, Commit closed)
    {
        var mode = (options & GetOptions.Peek) != 0 ? TakeMode.Peek
            : (options & GetOptions.Open) != 0 ? TakeMode.Open
            : TakeMode.Plain;
        if (mode == TakeMode.Peek)
        {
            _counts.Peeks++;
        }
        else
        {
            _counts.Gets++;
            if (CountReads(key) >= (mode == TakeMode.Open ? _gateway.Options.MaxOpenReads : 1))
            {
                Refuse(ErrorReplies.ReadAlreadyOpen);
                return;
            }
        }

        if (Refuses(Refusals.Reads))
        {
            Refuse(RefusalOf(Refusals.Reads));
            return;
        }

        TakeFrom(key, mode, wait, closed);
    }

    private void TakeFrom(ReaderKey key, TakeMode mode, TimeSpan wait, Commit closed)
    {
        if (_gateway.Router.TryGetResolved(key.Queue, out var way))
        {
            if (MustFollow(way))
            {
                TakeBehind(ReaderName.Of(key), mode, wait, closed);
                return;
            }

            var queue = key.Cursor.IsEmpty ? way : way.OpenCursor(CursorName.Parse(key.Cursor));
            var take = queue.TakeAsync(_id, mode, _mayWait ? wait : TimeSpan.Zero);
            if (!take.IsCompleted)
            {
                if (mode != TakeMode.Open && wait <= TimeSpan.Zero && queue.TakesInPipelines)
                {
                    OweTake(way, queue, take, mode, closed);
                    return;
                }

                WaitOn(queue);
                Block(FinishTakeAsync(queue, take, mode, wait, closed));
                return;
            }

            var result = take.GetAwaiter().GetResult();
            if (result.Status != TakeStatus.Gone)
            {
                ReplyTaken(queue, result, mode, closed);
                return;
            }
        }

        TakeBehind(ReaderName.Of(key), mode, wait, closed);
    }

    private void TakeBehind(ReaderName name, TakeMode mode, TimeSpan wait, Commit closed)
        => BlockBehind(name.Queue, () => TakeSlowlyAsync(name, mode, wait, closed));

    /// <summary>Notes where the command waits. It may have been called off while the take began.</summary>
    private void WaitOn(IQueue queue)
    {
        _waitingOn = queue;
        if (!_mayWait || Refuses(Refusals.Reads))
        {
            queue.CancelWait(_id);
        }
    }

    private async Task<Action> FinishTakeAsync(
        IQueue queue, ValueTask<TakeResult> take, TakeMode mode, TimeSpan wait, Commit closed)
    {
        var startedAt = _gateway.Time.GetTimestamp();
        var result = await take;
        return result.Status == TakeStatus.Gone
            ? await TakeSlowlyAsync(
                ReaderName.Of(queue), mode, wait - _gateway.Time.GetElapsedTime(startedAt), closed)
            : () => ReplyTaken(queue, result, mode, closed);
    }

    /// <summary>Takes where the way is not known, or has ended before the wait.</summary>
    private async Task<Action> TakeSlowlyAsync(ReaderName name, TakeMode mode, TimeSpan wait, Commit closed)
    {
        var startedAt = _gateway.Time.GetTimestamp();
        while (true)
        {
            var router = _gateway.Router;
            var left = wait - _gateway.Time.GetElapsedTime(startedAt);
            var found = left > TimeSpan.Zero && _mayWait
                ? await router.FindForWaitAsync(name.Queue)
                : await FindToReadAsync(name.Queue);
            if (found is null)
            {
                return () => ReplyMissed(closed);
            }

            var queue = name.In(found);
            var take = queue.TakeAsync(_id, mode, _mayWait ? left : TimeSpan.Zero);
            WaitOn(queue);
            var result = await take;
            if (result.Status != TakeStatus.Gone)
            {
                return () => ReplyTaken(queue, result, mode, closed);
            }
        }
    }

    private void ReplyTaken(IQueue queue, in TakeResult result, TakeMode mode, Commit closed)
    {
        if (result.Status != TakeStatus.Taken)
        {
            ReplyMissed(closed);
            return;
        }

        OweItem(ReplyKind.ValueAndEnd, queue, result, mode, closed);
        if (mode == TakeMode.Open)
        {
            _reads.Add(new HeldRead(queue, result.Item.Sequence));
            _monitoring?.LeftCount -= 1;
        }
    }

    private void ReplyMissed(Commit closed)
    {
        _monitoring = null;
        _counts.Misses++;
        Reply(ReplyKind.End, closed);
    }

    private void OweItem(ReplyKind kind, IQueue queue, in TakeResult result, TakeMode mode, Commit closed)
    {
        _counts.Hits++;
        var reply = new PendingReply(kind)
        {
            Queue = queue,
            Item = result.Item,
            ClosesItem = mode == TakeMode.Plain,
        };
        reply.WaitFor(result.Commit);
        reply.WaitFor(closed);
        Owe(reply);
    }

    /// <summary>Plain gets of several keys, in order, with one <c>END</c>. Nothing is taken unless all keys are
    /// sound.</summary>
    private void GetMany(ReadOnlySpan<byte> first, LineTokens tokens)
    {
        if (tokens.CountRest() >= _gateway.Options.MaxKeys)
        {
            Refuse(ErrorReplies.TooManyKeys);
            return;
        }

        var names = new List<ReaderName>();
        for (var key = first; !key.IsEmpty; key = tokens.Next())
        {
            ReaderKey reader = default;
            var error = key.Length > GetKey.MaxBytes ? ErrorReplies.KeyTooLong
                : key.Contains((byte)'/') ? ErrorReplies.OptionsWithSeveralKeys
                : ReaderKey.TryParse(key, out reader);
            error ??= IsForeignChild(reader) ? ErrorReplies.InvalidQueueName : null;
            error ??= CountReads(reader) > 0 ? ErrorReplies.ReadAlreadyOpen : null;
            if (error is not null)
            {
                Refuse(error);
                return;
            }

            names.Add(ReaderName.Of(reader));
        }

        _counts.Gets += names.Count;
        if (Refuses(Refusals.Reads))
        {
            Refuse(RefusalOf(Refusals.Reads));
            return;
        }

        BlockBehindAll(() => TakeManyAsync(names));
    }

    private async Task<Action> TakeManyAsync(List<ReaderName> names)
    {
        var taken = new List<(IQueue Queue, TakeResult Result)>();
        try
        {
            foreach (var name in names)
            {
                while (await FindToReadAsync(name.Queue) is { } found)
                {
                    var queue = name.In(found);
                    var result = await queue.TakeAsync(_id, TakeMode.Plain, TimeSpan.Zero);
                    if (result.Status == TakeStatus.Taken)
                    {
                        taken.Add((queue, result));
                    }

                    if (result.Status != TakeStatus.Gone)
                    {
                        break;
                    }
                }
            }
        }
        catch
        {
            foreach (var (queue, result) in taken)
            {
                result.Item.Large?.Release();
                await queue.AbortAsync(_id, result.Item.Sequence);
            }

            throw;
        }

        return () =>
        {
            _counts.Misses += names.Count - taken.Count;
            foreach (var (queue, result) in taken)
            {
                OweItem(ReplyKind.Value, queue, result, TakeMode.Plain, closed: default);
            }

            Reply(ReplyKind.End);
        };
    }

    /// <summary>A child is made by whoever names it first, to read from it too: from then on it gets copies.</summary>
    private async ValueTask<IQueue?> FindToReadAsync(QueueName name)
        => name.IsChild ? await _gateway.Router.OpenAsync(name) : await _gateway.Router.FindAsync(name);

    /// <summary>Whether a key names a child where there are none.</summary>
    private bool IsForeignChild(ReaderKey key) => !FansOut && key.Queue.Contains(QueueName.ChildSeparator);

    private bool FansOut => _gateway.Options.Plus == PlusMeaning.Fanout;

    private int CountReads(ReaderKey key)
    {
        var count = 0;
        foreach (var read in _reads)
        {
            count += read.Queue.Address.Span.SequenceEqual(key.Address) ? 1 : 0;
        }

        return count;
    }

    /// <summary>The open read that a close or abort means: the oldest of that queue; with another name the only one
    /// there is, as Darner and Siberite had it.</summary>
    private bool TryDetachRead(ReaderKey key, out HeldRead read)
    {
        var found = _reads.Count == 1 ? 0 : -1;
        for (var i = 0; i < _reads.Count; i++)
        {
            if (_reads[i].Queue.Address.Span.SequenceEqual(key.Address))
            {
                found = i;
                break;
            }
        }

        read = found < 0 ? default : _reads[found];
        if (found >= 0)
        {
            _reads.RemoveAt(found);
        }

        return found >= 0;
    }
}
