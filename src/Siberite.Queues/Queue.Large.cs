using Siberite.Contracts;

namespace Siberite.Queues;

// Payloads that go to files of their own, before the item that refers to them and outside the queue's gate.
public sealed partial class Queue
{
    /// <inheritdoc/>
    public ILargeDraft? BeginLarge(int bytes)
        => bytes >= _shared.LargeBytes && MayBeginLarge ? _shared.Store.BeginLarge(_record.Id, bytes) : null;

    /// <remarks>What also goes to children goes from memory: a file's payload is one queue's. What is kept in memory
    /// needs no file.</remarks>
    private bool MayBeginLarge
        => _children.Length == 0 && Volatile.Read(ref _memory) is null && !_isGone && !IsDamaged
            && !_shared.Commits.HasFailed && _shared.Store.HasRoom;

    private ValueTask<AppendResult> AppendLarge(in ItemDraft draft)
    {
        using var large = BeginLarge((int)draft.Payload.Length);
        if (large is null)
        {
            return AppendNow(draft);
        }

        foreach (var part in draft.Payload)
        {
            large.Write(part.Span);
        }

        return AppendNow(draft with { Payload = default, Large = large.Complete() });
    }
}
