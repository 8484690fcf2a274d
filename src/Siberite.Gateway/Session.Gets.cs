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
        else if ((get.Options & GetOptions.Abort) != 0)
        {
            Abort(get.Name);
        }
        else if ((get.Options & GetOptions.Close) != 0)
        {
            Close(get);
        }
        else
        {
            var isPlain = (get.Options & ~GetOptions.Timed) == 0;
            Take(get.Name, isPlain ? otherwise : get.Options, get.Wait, closed: default);
        }
    }

    private void Abort(ReadOnlySpan<byte> name)
    {
        if (!TryDetachRead(name, out var read))
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
        if (!TryDetachRead(get.Name, out var read))
        {
            AfterClose(get.Name, get.Options, get.Wait, closed: default);
            return;
        }

        var close = read.Queue.CloseAsync(_id, read.Sequence);
        if (close.IsCompletedSuccessfully)
        {
            AfterClose(get.Name, get.Options, get.Wait, close.Result);
        }
        else
        {
            Block(RunAsync(close, get.Name.ToArray(), get.Options, get.Wait));
        }

        async Task<Action> RunAsync(ValueTask<Commit> closing, byte[] name, GetOptions options, TimeSpan wait)
        {
            var closed = await closing;
            return () => AfterClose(name, options, wait, closed);
        }
    }

    private void AfterClose(ReadOnlySpan<byte> name, GetOptions options, TimeSpan wait, Commit closed)
    {
        if ((options & GetOptions.Open) != 0)
        {
            Take(name, options, wait, closed);
        }
        else
        {
            Reply(ReplyKind.End, closed);
        }
    }

    private void Take(ReadOnlySpan<byte> name, GetOptions options, TimeSpan wait, Commit closed)
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
            if (CountReads(name) >= (mode == TakeMode.Open ? _gateway.Options.MaxOpenReads : 1))
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

        TakeFrom(name, mode, wait, closed);
    }

    private void TakeFrom(ReadOnlySpan<byte> name, TakeMode mode, TimeSpan wait, Commit closed)
    {
        if (_gateway.Router.TryGetResolved(name, out var queue))
        {
            if (MustFollow(queue))
            {
                TakeBehind(queue.Name, mode, wait, closed);
                return;
            }

            var take = queue.TakeAsync(_id, mode, _mayWait ? wait : TimeSpan.Zero);
            if (!take.IsCompleted)
            {
                if (mode != TakeMode.Open && wait <= TimeSpan.Zero && queue.TakesInPipelines)
                {
                    OweTake(queue, take, mode, closed);
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

        TakeBehind(QueueName.Parse(name), mode, wait, closed);
    }

    private void TakeBehind(QueueName name, TakeMode mode, TimeSpan wait, Commit closed)
        => BlockBehind(name, () => TakeSlowlyAsync(name, mode, wait, closed));

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
            ? await TakeSlowlyAsync(queue.Name, mode, wait - _gateway.Time.GetElapsedTime(startedAt), closed)
            : () => ReplyTaken(queue, result, mode, closed);
    }

    /// <summary>Takes where the way is not known, or has ended before the wait.</summary>
    private async Task<Action> TakeSlowlyAsync(QueueName name, TakeMode mode, TimeSpan wait, Commit closed)
    {
        var startedAt = _gateway.Time.GetTimestamp();
        while (true)
        {
            var router = _gateway.Router;
            var left = wait - _gateway.Time.GetElapsedTime(startedAt);
            var queue = left > TimeSpan.Zero && _mayWait
                ? await router.FindForWaitAsync(name)
                : await router.FindAsync(name);
            if (queue is null)
            {
                return () => ReplyMissed(closed);
            }

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

        var names = new List<QueueName>();
        for (var key = first; !key.IsEmpty; key = tokens.Next())
        {
            var error = key.Length > GetKey.MaxBytes ? ErrorReplies.KeyTooLong
                : key.Contains((byte)'/') ? ErrorReplies.OptionsWithSeveralKeys
                : CountReads(key) > 0 ? ErrorReplies.ReadAlreadyOpen
                : null;
            if (error is not null || !QueueName.TryParse(key, out var name))
            {
                Refuse(error ?? ErrorReplies.InvalidQueueName);
                return;
            }

            names.Add(name);
        }

        _counts.Gets += names.Count;
        if (Refuses(Refusals.Reads))
        {
            Refuse(RefusalOf(Refusals.Reads));
            return;
        }

        BlockBehindAll(() => TakeManyAsync(names));
    }

    private async Task<Action> TakeManyAsync(List<QueueName> names)
    {
        var taken = new List<(IQueue Queue, TakeResult Result)>();
        try
        {
            foreach (var name in names)
            {
                while (await _gateway.Router.FindAsync(name) is { } queue)
                {
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

    private int CountReads(ReadOnlySpan<byte> name)
    {
        var count = 0;
        foreach (var read in _reads)
        {
            count += read.Queue.Name.Utf8.Span.SequenceEqual(name) ? 1 : 0;
        }

        return count;
    }

    /// <summary>The open read that a close or abort means: the oldest of that queue; with another name the only one
    /// there is, as Darner and Siberite had it.</summary>
    private bool TryDetachRead(ReadOnlySpan<byte> name, out HeldRead read)
    {
        var found = _reads.Count == 1 ? 0 : -1;
        for (var i = 0; i < _reads.Count; i++)
        {
            if (_reads[i].Queue.Name.Utf8.Span.SequenceEqual(name))
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
