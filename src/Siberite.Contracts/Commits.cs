namespace Siberite.Contracts;

/// <summary>How safe a batch of mutations is by now.</summary>
public enum CommitLevel : byte
{
    /// <summary>Handed to the operating system: survives the process.</summary>
    Written = 0,

    /// <summary>On disk: survives the machine.</summary>
    Synced = 1,
}

/// <summary>The ticket of a change: the batch that carries it and the level its reply waits for.</summary>
/// <param name="Batch">Numbers batches of one silo from 1; 0 has always been committed.</param>
/// <param name="Level">What the reply promises.</param>
public readonly record struct Commit(long Batch, CommitLevel Level);

/// <summary>Hears once that a commit it waits for is done, or that the store has failed. Called on any thread, most
/// often the one that commits, which nobody may hold up: a listener wakes whom it concerns and does nothing
/// itself.</summary>
public interface ICommitListener
{
    /// <summary>The commit is done or will never be: ask <see cref="ICommitLog"/> which.</summary>
    void OnCommitted();
}

/// <summary>What a gateway needs to know of this silo's commits: no reply may reveal an uncommitted change.</summary>
public interface ICommitLog
{
    /// <summary>Set once a write or sync failed. Nothing is acknowledged from then on.</summary>
    bool HasFailed { get; }

    /// <summary>Whether <paramref name="commit"/> has reached its level.</summary>
    bool IsDone(Commit commit);

    /// <summary>Asks that <paramref name="commit"/> be done soon. May do it before returning, on this thread.</summary>
    void Request(Commit commit);

    /// <summary>Calls <paramref name="listener"/> once when <paramref name="commit"/> is done or the store has failed;
    /// at once if that is so already.</summary>
    void Notify(Commit commit, ICommitListener listener);
}
