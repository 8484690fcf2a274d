using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>Who waits for which commit. Not thread-safe.</summary>
internal sealed class CommitListeners
{
    private readonly List<(Commit Commit, ICommitListener Listener)> _waiting = [];

    public void Add(Commit commit, ICommitListener listener) => _waiting.Add((commit, listener));

    /// <summary>Removes those whose commit is done, or all if the log has failed.</summary>
    /// <returns>Work that tells them; <see langword="null"/> if there are none.</returns>
    public IThreadPoolWorkItem? TakeDone(CommitLog commits)
    {
        List<ICommitListener>? done = null;
        var kept = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            if (commits.HasFailed || commits.IsDone(_waiting[i].Commit))
            {
                (done ??= []).Add(_waiting[i].Listener);
            }
            else
            {
                _waiting[kept++] = _waiting[i];
            }
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
        return done is null ? null : new Round(done);
    }

    /// <summary>Tells all listeners of one commit from one thread of the pool: one hop for all, and the committer is
    /// free for the next batch.</summary>
    private sealed class Round(List<ICommitListener> listeners) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            foreach (var listener in listeners)
            {
                listener.OnCommitted();
            }
        }
    }
}
