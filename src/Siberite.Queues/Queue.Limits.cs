using Siberite.Contracts;

namespace Siberite.Queues;

// What the queue's settings allow: how many items, how large, and what goes when there are too many.
public sealed partial class Queue
{
    private int _lastAppendBytes;

    /// <summary>Whether its limits let <paramref name="draft"/> in. For a caller that holds the queue.</summary>
    internal bool MayAppend(in ItemDraft draft)
    {
        var options = Options;
        return (options.MaxItemBytes == 0 || draft.PayloadBytes <= options.MaxItemBytes)
            && (options.DiscardOldWhenFull || !IsFull(options));
    }

    /// <remarks>What is not due yet was let in as well.</remarks>
    private bool IsFull(QueueOptions options)
        => (options.MaxItems > 0 && _main.ItemCount + (Delayed?.Count ?? 0) >= options.MaxItems)
            || (options.MaxBytes > 0 && _main.ItemBytes + (Delayed?.Bytes ?? 0) >= options.MaxBytes)
            || IsMemoryFull(options);

    /// <summary>Drops the oldest items as long as the newest would not have been let in behind them. What is on disk
    /// must be read first, to know its size: the queue is too large until then.</summary>
    internal void DiscardOverflow()
    {
        var options = Options;
        while (options.DiscardOldWhenFull && IsOverfull(options) && _main.TryFindNext(out var sequence, out var slot))
        {
            if (!slot.IsAtHand && !_main.Place.HasReturned)
            {
                _main.StartLoad();
                return;
            }

            DiscardedCount++;
            _main.Drop(sequence, slot);
        }
    }

    private bool IsOverfull(QueueOptions options)
        => _main.ItemCount > 1
            && (IsMemoryFull(options)
                || (_memory is not null && IsMemoryUsedUp())
                || (options.MaxItems > 0 && _main.ItemCount > options.MaxItems)
                || (options.MaxBytes > 0 && _main.ItemBytes - _lastAppendBytes >= options.MaxBytes));
}
