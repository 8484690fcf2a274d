using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Items that go from one queue to another one of the same store.
public sealed partial class LocalQueues
{
    /// <summary>Appends items that a session has open to another queue, and closes them, in one batch: after a crash
    /// each is in one of the two.</summary>
    /// <param name="source">Where they are open.</param>
    /// <param name="session">Whose they are.</param>
    /// <param name="items">They, in order.</param>
    /// <param name="target">The other queue.</param>
    /// <returns>How many of the first ones go, and when that is done; fewer when the target takes no more. The rest
    /// stays open.</returns>
    /// <exception cref="SiberiteException">The target refuses: nothing was done.</exception>
    public PassedItems Pass(Queue source, SessionId session, IReadOnlyList<Item> items, Queue target)
    {
        // Gates are taken in order of id, so that two such calls cannot wait for each other.
        var (first, second) = source.Id < target.Id ? (source, target) : (target, source);
        using (first.Hold())
        using (second.Hold())
        {
            if (source.IsGone || target.IsGone)
            {
                return new PassedItems(0, IsTargetGone: target.IsGone, default);
            }

            source.ThrowIfHeldStill();
            using (_commits.HoldBatch())
            {
                return PassHolding(source, session, items, target);
            }
        }
    }

    private static PassedItems PassHolding(
        Queue source, SessionId session, IReadOnlyList<Item> items, Queue target)
    {
        Commit last = default;
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            var draft = new ItemDraft(
                new ReadOnlySequence<byte>(item.Payload), item.Flags, source.ExpiresAtOf(session, item.Sequence),
                MustSync: false);
            AppendResult append;
            try
            {
                append = target.Append(draft);
            }
            catch (SiberiteException) when (i > 0)
            {
                append = new AppendResult(AppendStatus.Full, default); // Those before it are in the batch already.
            }

            if (append.Status != AppendStatus.Stored)
            {
                return new PassedItems(i, IsTargetGone: false, last);
            }

            last = append.Commit;
            source.CloseWith(last.Batch, session, item.Sequence);
        }

        return new PassedItems(items.Count, IsTargetGone: false, last);
    }
}

/// <summary>How a pass of items ended.</summary>
/// <param name="Count">How many of the first ones go.</param>
/// <param name="IsTargetGone">Whether the target was deleted meanwhile: look it up again.</param>
/// <param name="Commit">When they are there.</param>
public readonly record struct PassedItems(int Count, bool IsTargetGone, Commit Commit);
