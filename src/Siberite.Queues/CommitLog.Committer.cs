using Siberite.Contracts;

namespace Siberite.Queues;

// The committer thread: syncs, and all commits under the policy Always.
public sealed partial class CommitLog
{
    private long _intervalBatch; // The last one with an item that is to be synced at the next interval.

    /// <summary>The policy of queues that have none of their own.</summary>
    internal Durability Durability => _durability;

    /// <summary>What a set's reply waits for under a policy.</summary>
    internal static CommitLevel LevelOf(Durability durability)
        => durability == Durability.Always ? CommitLevel.Synced : CommitLevel.Written;

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
        var wanted = _durability == Durability.Interval ? WrittenBatch : Volatile.Read(ref _intervalBatch);
        if (Volatile.Read(ref _syncedBatch) < wanted)
        {
            RaiseTo(ref _wantedSynced, WrittenBatch);
            WakeCommitter();
        }
    }

    private void StartSyncTimer() => _syncTimer.Change(_syncInterval, _syncInterval);

    /// <summary>The commit of what was just added to the open batch. Called under the gate.</summary>
    private Commit CommitOpen(Durability durability)
    {
        var level = LevelOf(durability);
        if (level == CommitLevel.Synced)
        {
            _openMustSync = true;
        }
        else if (durability == Durability.Interval)
        {
            if (_intervalBatch == 0 && _durability != Durability.Interval)
            {
                StartSyncTimer(); // A queue is the first to ask for it.
            }

            Volatile.Write(ref _intervalBatch, _openBatch);
        }

        return new Commit(_openBatch, level);
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
