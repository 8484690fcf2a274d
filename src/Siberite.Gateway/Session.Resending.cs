using Siberite.Contracts;

namespace Siberite.Gateway;

// Sets that are under way when their queue is deleted, or moves to another silo: they are sent again, in their order.
internal sealed partial class Session
{
    /// <summary>The last set under way for each queue. Sets of one session reach a queue in their order, also when the
    /// way to it changes between two of them.</summary>
    private readonly Dictionary<QueueName, AppendTail> _appendTails = [];

    /// <summary>Whether an earlier set of this session may yet be sent again, on another way than
    /// <paramref name="queue"/>.</summary>
    private bool MustFollowAppend(IQueue queue)
        => _appendTails.Count > 0
            && _appendTails.TryGetValue(queue.Name, out var tail)
            && !tail.End.IsCompleted
            && tail.Queue != queue;

    /// <summary>Owes the reply to a set that is under way.</summary>
    private void OweAppend(IQueue queue, ValueTask<AppendResult> append, in ItemDraft draft, bool isSilent)
    {
        var copy = draft.Copied();
        OweAppend(queue, FinishAppendAsync(append, TailOf(queue.Name), queue.Name, copy), isSilent);
    }

    /// <summary>Owes the reply to a set that must come after one under way.</summary>
    private void OweFollowingAppend(IQueue queue, in ItemDraft draft, bool isSilent)
    {
        var copy = draft.Copied();
        OweAppend(queue, AppendAfterAsync(TailOf(queue.Name), queue.Name, copy), isSilent);
    }

    private void OweAppend(IQueue queue, Task<AppendResult> append, bool isSilent)
    {
        if (_owed.Count == 0)
        {
            _appendTails.Clear(); // Nothing is under way, or somebody would be owed its reply.
        }

        _appendTails[queue.Name] = new AppendTail(queue, append);
        Owe(new PendingReply(isSilent ? ReplyKind.Silence : ReplyKind.Stored) { Append = append });
    }

    private Task TailOf(QueueName name)
        => _appendTails.TryGetValue(name, out var tail) ? tail.End : Task.CompletedTask;

    private async Task<AppendResult> FinishAppendAsync(
        ValueTask<AppendResult> append, Task previous, QueueName name, ItemDraft draft)
    {
        var result = await append;
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

    private readonly record struct AppendTail(IQueue Queue, Task End);

    private sealed class CommitWait()
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }
}
