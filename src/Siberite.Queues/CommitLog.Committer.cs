namespace Siberite.Queues;

// The committer thread: syncs, and all commits under the policy Always.
public sealed partial class CommitLog
{
    /// <summary>Wakes the committer only if it sleeps: while it works it looks again by itself.</summary>
    private void WakeCommitter()
    {
        Interlocked.MemoryBarrier(); // What is wanted must be visible before the flag is read; see RunCommitter.
        if (_committerSleeps)
        {
            _wake.Set();
        }
    }

    private void RunCommitter()
    {
        while (!_stopping)
        {
            _committerSleeps = true;
            Interlocked.MemoryBarrier(); // The flag must be visible before the last look.
            if (!IsWanted() || HasFailed)
            {
                _wake.WaitOne();
            }

            _committerSleeps = false;
            while (IsWanted() && !HasFailed)
            {
                lock (_turn)
                {
                    CommitOpenBatch(MustSyncNow());
                }
            }
        }
    }

    private bool IsWanted()
        => Volatile.Read(ref _wantedWritten) > WrittenBatch
            || Volatile.Read(ref _wantedSynced) > Volatile.Read(ref _syncedBatch);

    private bool MustSyncNow() => Volatile.Read(ref _wantedSynced) > Volatile.Read(ref _syncedBatch);

    private void WantSync()
    {
        if (Volatile.Read(ref _syncedBatch) < WrittenBatch)
        {
            RaiseTo(ref _wantedSynced, WrittenBatch);
            WakeCommitter();
        }
    }

    /// <summary>Commits until what is wanted is written, unless another thread is at it: that one then does
    /// it.</summary>
    private void WriteWanted()
    {
        while (Volatile.Read(ref _wantedWritten) > WrittenBatch && !HasFailed && _turn.TryEnter())
        {
            try
            {
                CommitOpenBatch(mustSync: false);
            }
            finally
            {
                _turn.Exit();
            }
        }
    }
}
