using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What a reply says.</summary>
internal enum ReplyKind : byte
{
    /// <summary>Nothing: the client asked for silence, but errors of the store still count.</summary>
    Silence,
    Stored,
    NotStored,
    End,
    Deleted,
    Flushed,

    /// <summary>An item without the final <c>END</c>, as in a get of several keys.</summary>
    Value,

    /// <summary>An item and <c>END</c>.</summary>
    ValueAndEnd,

    /// <summary>The bytes in <see cref="PendingReply.Text"/>.</summary>
    Text,

    /// <summary>Done, as a meta command reads; what comes back with it is in <see cref="PendingReply.Text"/>, as in
    /// those that follow.</summary>
    MetaDone,

    /// <summary>The same in silence, unless it was not stored after all.</summary>
    MetaQuiet,
    MetaNotStored,
    MetaMiss,
    MetaValue,
}

/// <summary>A reply that is owed. It is written when its commits are done and all earlier ones are written.</summary>
internal record struct PendingReply(ReplyKind Kind)
{
    /// <summary>The batch that must be written first; 0 for none.</summary>
    public long WrittenBatch { get; set; }

    /// <summary>The batch that must be synced first; 0 for none.</summary>
    public long SyncedBatch { get; set; }

    /// <summary>A command on another silo whose end is awaited: what the reply says is known then.</summary>
    public Task? UnderWay { get; set; }

    /// <summary>Where the item is from.</summary>
    public IQueue? Queue { get; set; }

    public Item Item { get; set; }

    /// <summary>Whether the item is closed once the reply was handed to the socket.</summary>
    public bool ClosesItem { get; set; }

    public ReadOnlyMemory<byte> Text { get; set; }

    /// <summary>Bytes of the reply, roughly.</summary>
    public readonly int Bytes => 32 + Item.PayloadBytes + Text.Length;

    public void WaitFor(Commit commit)
    {
        if (commit.Level == CommitLevel.Synced)
        {
            SyncedBatch = Math.Max(SyncedBatch, commit.Batch);
        }
        else
        {
            WrittenBatch = Math.Max(WrittenBatch, commit.Batch);
        }
    }

    public readonly bool IsDone(ICommitLog commits)
        => (WrittenBatch == 0 || commits.IsDone(new Commit(WrittenBatch, CommitLevel.Written)))
            && (SyncedBatch == 0 || commits.IsDone(new Commit(SyncedBatch, CommitLevel.Synced)))
            && (UnderWay is null || UnderWay.IsCompleted);
}
