using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Items that are not due yet.
public sealed partial class CommitLog
{
    /// <summary>The number of the open batch. Right for as long as the batch is held.</summary>
    internal long OpenBatch => _openBatch;

    private long _assembledBatch;

    /// <summary>Whether no sealed batch still waits for places of readers. As long as it does, a place may be written
    /// ahead of what was appended after the seal: who must change both at once holds the batch, asks this, and waits
    /// for <see cref="SealedBatch"/> if it is not so.</summary>
    internal bool IsAssembled => Volatile.Read(ref _assembledBatch) == SealedBatch;

    /// <summary>Adds an item that is not due yet to the open batch, and what is known of them all with it.</summary>
    internal Commit AppendDelayed(
        long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload,
        Durability durability, in DelayedState state)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            _open.AppendDelayed(queueId, key, header, payload);
            _open.PutDelayedState(queueId, state);
            return CommitOpen(durability);
        }
    }
}
