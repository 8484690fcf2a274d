using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Gateway;

// Sets that are under way when their queue is deleted, or moves to another silo: they are sent again, in their order.
internal sealed partial class Session
{
    /// <summary>The last set under way for each queue. Sets of one session reach a queue in their order, also when the
    /// way to it changes between two of them.</summary>
    private readonly Dictionary<QueueName, AppendTail> _appendTails = [];

    /// <summary>Whether an earlier set of this session is yet to be sent, or may be sent again, on another way than
    /// <paramref name="queue"/>.</summary>
    private bool MustFollowAppend(IQueue queue)
        => _appendTails.Count > 0
            && _appendTails.TryGetValue(queue.Name, out var tail)
            && !tail.End.IsCompleted
            && (tail.Queue != queue || tail.Sent is { IsCompletedSuccessfully: true, Result.Status: AppendStatus.Gone });

    /// <summary>Owes the reply to a set that is under way.</summary>
    private void OweAppend(IQueue queue, ValueTask<AppendResult> append, in ItemDraft draft, bool isSilent)
    {
        var copy = draft with { Payload = new(draft.Payload.ToArray()) };
        var sent = append.AsTask();
        var end = FinishAppendAsync(sent, TailOf(queue.Name), queue.Name, copy);
        OweAppend(queue.Name, new AppendTail(queue, sent, end), isSilent);
    }

    /// <summary>Owes the reply to a set that must come after one under way.</summary>
    private void OweFollowingAppend(IQueue queue, in ItemDraft draft, bool isSilent)
    {
        var copy = draft with { Payload = new(draft.Payload.ToArray()) };
        var end = AppendAfterAsync(TailOf(queue.Name), queue.Name, copy);
        OweAppend(queue.Name, new AppendTail(Queue: null, Sent: null, end), isSilent);
    }

    private void OweAppend(QueueName name, in AppendTail tail, bool isSilent)
    {
        if (_owed.Count == 0)
        {
            _appendTails.Clear(); // Nothing is under way, or somebody would be owed its reply.
        }

        _appendTails[name] = tail;
        Owe(new PendingReply(isSilent ? ReplyKind.Silence : ReplyKind.Stored) { Append = tail.End });
    }

    private Task TailOf(QueueName name)
        => _appendTails.TryGetValue(name, out var tail) ? tail.End : Task.CompletedTask;

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

    /// <summary>The reply to a set under way speaks of its end alone: it must be committed by then.</summary>
    private async Task WaitForCommitAsync(Commit commit)
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

    /// <summary>A set under way.</summary>
    /// <param name="Queue">Where it was sent; <see langword="null"/> if it waits to be.</param>
    /// <param name="Sent">What came of that.</param>
    /// <param name="End">What comes of it in the end.</param>
    private readonly record struct AppendTail(IQueue? Queue, Task<AppendResult>? Sent, Task<AppendResult> End);

    private sealed class CommitWait()
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }
}
