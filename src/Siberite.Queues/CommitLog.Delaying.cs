using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Items that are not due yet.
public sealed partial class CommitLog
{
    /// <summary>The number of the open batch. Right for as long as the batch is held.</summary>
    internal long OpenBatch => _openBatch;

    /// <summary>Adds an item that is not due yet to the open batch, and what is known of them all with it.</summary>
    internal Commit AppendDelayed(
        long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload, bool mustSync,
        in DelayedState state)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            _open.AppendDelayed(queueId, key, header, payload);
            _open.PutDelayedState(queueId, state);
            var level = mustSync ? CommitLevel.Synced : SetLevel;
            _openMustSync |= level == CommitLevel.Synced;
            return new Commit(_openBatch, level);
        }
    }
}
