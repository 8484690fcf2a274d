using Siberite.Contracts;

namespace Siberite.Gateway;

// Sets, and gets without a wait, that are under way to a queue elsewhere. They block nothing: those behind them go with
// them. When their queue turns out deleted, or moved to another silo, they are sent again, in their order.
internal sealed partial class Session
{
    /// <summary>What the first item from elsewhere is taken to weigh. 16 KiB, so that a session may have 64 gets under
    /// way before it knows better.</summary>
    private const int FirstExpectedItemBytes = 16 << 10;

    /// <summary>The last command under way for each queue. Commands of one session reach a queue in their order, also
    /// when the way to it changes between two of them.</summary>
    private readonly Dictionary<QueueName, CommandTail> _tails = new(QueueNameComparer.Instance);
    private int _takesUnderWay;
    private int _expectedItemBytes = FirstExpectedItemBytes;

    /// <summary>What is owed by now, and what the gets under way may add to it.</summary>
    private long ExpectedOwedBytes => _owedBytes + ((long)_takesUnderWay * _expectedItemBytes);

    /// <summary>Whether an earlier command of this session is yet to be sent, or may be sent again, on another way
    /// than <paramref name="queue"/>.</summary>
    private bool MustFollow(IQueue queue)
        => _tails.Count > 0
            && _tails.TryGetValue(queue.Name, out var tail)
            && !tail.End.IsCompleted
            && (tail.Queue != queue || tail.HasComeBack);

    /// <summary>Owes the reply to a set that is under way.</summary>
    private void OweAppend(IQueue queue, ValueTask<AppendResult> append, in ItemDraft draft, bool isSilent)
    {
        var copy = draft.Copied();
        var sent = append.AsTask();
        var end = FinishAppendAsync(sent, TailOf(queue.Name), queue.Name, copy);
        OweAppend(queue.Name, new CommandTail(queue, sent, end), end, isSilent);
    }

    /// <summary>Owes the reply to a set that must come after one under way.</summary>
    private void OweFollowingAppend(IQueue queue, in ItemDraft draft, bool isSilent)
    {
        var copy = draft.Copied();
        var end = AppendAfterAsync(TailOf(queue.Name), queue.Name, copy);
        OweAppend(queue.Name, new CommandTail(Queue: null, Sent: null, end), end, isSilent);
    }

    private void OweAppend(QueueName name, in CommandTail tail, Task<AppendResult> append, bool isSilent)
    {
        NoteTail(name, tail);
        Owe(new PendingReply(isSilent ? ReplyKind.Silence : ReplyKind.Stored) { UnderWay = append });
    }

    /// <summary>Owes the reply to a get that is under way.</summary>
    /// <param name="way">The queue it was sent to.</param>
    /// <param name="reader">That, or a cursor of it: their commands go the same way, in their order.</param>
    /// <param name="take">The get.</param>
    /// <param name="mode">What it is for.</param>
    /// <param name="closed">What its reply waits for as well.</param>
    private void OweTake(IQueue way, IQueue reader, ValueTask<TakeResult> take, TakeMode mode, Commit closed)
    {
        var sent = take.AsTask();
        var end = FinishTakeAsync(reader, sent, TailOf(way.Name), mode, _meta);
        _meta = null; // Its reply is made up when it is known what was taken.
        NoteTail(way.Name, new CommandTail(way, sent, end));
        _takesUnderWay++;
        var reply = new PendingReply(ReplyKind.ValueAndEnd) { UnderWay = end, ClosesItem = mode == TakeMode.Plain };
        reply.WaitFor(closed);
        Owe(reply);
    }

    /// <summary>What a get that was under way came to.</summary>
    private PendingReply SettleTake(Task<TakeEnd> take, bool closesItem)
    {
        _takesUnderWay--;
        if (!take.IsCompletedSuccessfully)
        {
            _counts.Refused++;
            return ErrorText(ErrorFor(take.Exception!.InnerException!));
        }

        var reply = ReplyTo(take.Result, closesItem);
        return take.Result.Meta is { } meta ? AsMeta(reply, meta) : reply;
    }

    private PendingReply ReplyTo(in TakeEnd end, bool closesItem)
    {
        var (queue, result, _) = end;
        if (result.Status != TakeStatus.Taken)
        {
            _counts.Misses++;
            return new PendingReply(ReplyKind.End);
        }

        _counts.Hits++;
        _expectedItemBytes = Math.Max(result.Item.PayloadBytes + 32, _expectedItemBytes - (_expectedItemBytes >> 3));
        return new PendingReply(ReplyKind.ValueAndEnd)
        {
            Queue = queue,
            Item = result.Item,
            ClosesItem = closesItem,
        };
    }

    /// <summary>Blocks the session with a command on a queue, behind what is under way to that.</summary>
    private void BlockBehind(QueueName name, Func<Task<Action>> command)
        => Block(RunBehindAsync(TailOf(name), command));

    /// <summary>Blocks the session with a command on several queues, or on what they are, behind everything under
    /// way.</summary>
    private void BlockBehindAll(Func<Task<Action>> command)
        => Block(RunBehindAsync(
            _owed.Count == 0 ? Task.CompletedTask : Task.WhenAll(_tails.Values.Select(tail => tail.End)), command));

    private static async Task<Action> RunBehindAsync(Task earlier, Func<Task<Action>> command)
    {
        if (!earlier.IsCompleted)
        {
            await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Its own reply tells of its failure.
        }

        return await command();
    }

    private void NoteTail(QueueName name, in CommandTail tail)
    {
        if (_owed.Count == 0)
        {
            _tails.Clear(); // Nothing is under way, or somebody would be owed its reply.
        }

        _tails[name] = tail;
    }

    private Task TailOf(QueueName name) => _tails.TryGetValue(name, out var tail) ? tail.End : Task.CompletedTask;

    private async Task<AppendResult> FinishAppendAsync(
        Task<AppendResult> sent, Task previous, QueueName name, ItemDraft draft)
    {
        var result = await sent;
        if (result.Status == AppendStatus.Gone)
        {
            return await AppendAfterAsync(previous, name, draft);
        }

        await WaitForCommitAsync(result.Commit);
        return result;
    }

    private async Task<AppendResult> AppendAfterAsync(Task previous, QueueName name, ItemDraft draft)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Its own reply tells of its failure.
        AppendResult result;
        do
        {
            result = await (await _gateway.Router.OpenAsync(name)).AppendAsync(draft);
        }
        while (result.Status == AppendStatus.Gone);

        await WaitForCommitAsync(result.Commit);
        return result;
    }

    private async Task<TakeEnd> FinishTakeAsync(
        IQueue reader, Task<TakeResult> sent, Task previous, TakeMode mode, MetaCommand? meta)
    {
        var result = await sent;
        if (result.Status == TakeStatus.Gone)
        {
            return await TakeAfterAsync(previous, ReaderName.Of(reader), mode, meta);
        }

        await WaitForCommitAsync(result.Commit);
        return new TakeEnd(reader, result, meta);
    }

    private async Task<TakeEnd> TakeAfterAsync(Task previous, ReaderName name, TakeMode mode, MetaCommand? meta)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Its own reply tells of its failure.
        while (await FindToReadAsync(name.Queue) is { } found)
        {
            var queue = name.In(found);
            var result = await queue.TakeAsync(_id, mode, TimeSpan.Zero);
            if (result.Status != TakeStatus.Gone)
            {
                await WaitForCommitAsync(result.Commit);
                return new TakeEnd(queue, result, meta);
            }
        }

        return new TakeEnd(Queue: null, default, meta);
    }

    /// <summary>Gives back what a get under way brings: nobody is there for it any more.</summary>
    private async Task GiveBackAsync(Task<TakeEnd> take)
    {
        await ((Task)take).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (take.IsCompletedSuccessfully && take.Result is { Queue: { } queue, Result.Status: TakeStatus.Taken } end)
        {
            end.Result.Item.Large?.Release();
            await TryGiveBackAsync(queue, end.Result.Item.Sequence, hasFailed: false);
        }
    }

    /// <summary>The reply to a command under way speaks of its end alone: it must be committed by then.</summary>
    private async ValueTask WaitForCommitAsync(Commit commit)
    {
        if (Commits.IsDone(commit))
        {
            return;
        }

        var wait = new CommitWait();
        Commits.Request(commit);
        Commits.Notify(commit, wait);
        await wait.Task;
        if (!Commits.IsDone(commit))
        {
            throw new SiberiteException(SiberiteError.StorageFailed, "The store has failed.", inner: null);
        }
    }

    /// <summary>A command under way.</summary>
    /// <param name="Queue">Where it was sent; <see langword="null"/> if it has to wait before it is.</param>
    /// <param name="Sent">What came of that.</param>
    /// <param name="End">What comes of it in the end.</param>
    private readonly record struct CommandTail(IQueue? Queue, Task? Sent, Task End)
    {
        /// <summary>Whether its queue was gone from where it was sent, so that it is sent again.</summary>
        public bool HasComeBack => Sent is Task<AppendResult>
        {
            IsCompletedSuccessfully: true,
            Result.Status: AppendStatus.Gone,
        } or Task<TakeResult>
        {
            IsCompletedSuccessfully: true,
            Result.Status: TakeStatus.Gone,
        };
    }

    /// <summary>Where an item was taken, how that ended, and the meta command that asked for it, if one did.</summary>
    private readonly record struct TakeEnd(IQueue? Queue, TakeResult Result, MetaCommand? Meta);

    private sealed class CommitWait()
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }
}
