using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>Who waits for which commit. Not thread-safe.</summary>
internal sealed class CommitListeners
{
    private readonly List<(Commit Commit, ICommitListener Listener)> _waiting = [];

    public void Add(Commit commit, ICommitListener listener) => _waiting.Add((commit, listener));

    /// <summary>Removes those whose commit is done, or all if the log has failed.</summary>
    /// <returns><see langword="null"/> if there are none.</returns>
    public List<ICommitListener>? TakeDone(CommitLog commits)
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
        return done;
    }
}
