using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Awaits commits of this silo.</summary>
internal static class CommitWaits
{
    /// <summary>Completes when <paramref name="commit"/> is done.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.StorageFailed"/>: it may never be.</exception>
    public static async ValueTask WaitAsync(this ICommitLog log, Commit commit)
    {
        if (log.IsDone(commit))
        {
            return;
        }

        var waiting = new Waiting();
        log.Request(commit);
        log.Notify(commit, waiting);
        await waiting.Task;
        if (!log.IsDone(commit))
        {
            throw new SiberiteException(SiberiteError.StorageFailed, "The store has failed.", inner: null);
        }
    }

    /// <remarks>Hears from the committer's thread, which must not run what follows the wait.</remarks>
    private sealed class Waiting()
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }
}
