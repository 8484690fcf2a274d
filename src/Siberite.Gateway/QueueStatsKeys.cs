using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What is told of one queue, key by key.</summary>
internal static class QueueStatsKeys
{
    /// <summary>The keys of a profile, in their order.</summary>
    public static IEnumerable<(string Key, long Value)> Of(QueueStats queue, DateTimeOffset now, StatsProfile profile)
        => profile == StatsProfile.Kestrel ? OfKestrel(queue, now) : OfSiberite(queue, now);

    /// <summary>Two shards of one queue as one.</summary>
    public static QueueStats Add(QueueStats sum, QueueStats part) => sum with
    {
        ItemCount = sum.ItemCount + part.ItemCount,
        ItemBytes = sum.ItemBytes + part.ItemBytes,
        OldestEnqueuedAt = OldestOf(sum.OldestEnqueuedAt, part.OldestEnqueuedAt),
        OpenReadCount = sum.OpenReadCount + part.OpenReadCount,
        WaiterCount = sum.WaiterCount + part.WaiterCount,
        AppendedCount = sum.AppendedCount + part.AppendedCount,
        TakenCount = sum.TakenCount + part.TakenCount,
        ClosedCount = sum.ClosedCount + part.ClosedCount,
        AbortedCount = sum.AbortedCount + part.AbortedCount,
        ExpiredCount = sum.ExpiredCount + part.ExpiredCount,
        CachedBytes = sum.CachedBytes + part.CachedBytes,
        DiscardedCount = sum.DiscardedCount + part.DiscardedCount,
        IsUnreadable = sum.IsUnreadable || part.IsUnreadable,
        OpenedCount = sum.OpenedCount + part.OpenedCount,
        CachedCount = sum.CachedCount + part.CachedCount,
        PurgeCount = sum.PurgeCount + part.PurgeCount,
        StoredBytes = sum.StoredBytes + part.StoredBytes,
        DelayedCount = sum.DelayedCount + part.DelayedCount,
        Cursors = [.. Merged(sum.Cursors.Concat(part.Cursors))],
        IsHeldByCursors = sum.IsHeldByCursors || part.IsHeldByCursors,
    };

    private static IEnumerable<CursorStats> Merged(IEnumerable<CursorStats> cursors)
        => from cursor in cursors
           group cursor by cursor.Name into parts
           orderby parts.Key
           select parts.Aggregate((sum, part) => sum with
           {
               ItemCount = sum.ItemCount + part.ItemCount,
               OpenReadCount = sum.OpenReadCount + part.OpenReadCount,
           });

    private static IEnumerable<(string Key, long Value)> OfSiberite(QueueStats queue, DateTimeOffset now)
    {
        yield return ("items", queue.ItemCount);
        yield return ("bytes", queue.ItemBytes);
        yield return ("age", AgeOf(queue, now));
        yield return ("waiters", queue.WaiterCount);
        yield return ("open_transactions", queue.OpenReadCount);
        yield return ("logsize", queue.StoredBytes);
        yield return ("discarded", queue.DiscardedCount);
        yield return ("expired", queue.ExpiredCount);
        yield return ("delayed", queue.DelayedCount);
        if (queue.IsHeldByCursors)
        {
            yield return ("held_by_cursors", 1);
        }

        if (queue.IsUnreadable)
        {
            yield return ("unreadable", 1);
        }
    }

    /// <remarks>One log serves all queues here and is never rewritten, nor rotated for one of them.</remarks>
    private static IEnumerable<(string Key, long Value)> OfKestrel(QueueStats queue, DateTimeOffset now)
    {
        yield return ("items", queue.ItemCount);
        yield return ("bytes", queue.ItemBytes);
        yield return ("total_items", queue.AppendedCount);
        yield return ("logsize", queue.StoredBytes);
        yield return ("expired_items", queue.ExpiredCount);
        yield return ("mem_items", queue.CachedCount);
        yield return ("mem_bytes", queue.CachedBytes);
        yield return ("age", AgeOf(queue, now));
        yield return ("discarded", queue.DiscardedCount);
        yield return ("waiters", queue.WaiterCount);
        yield return ("open_transactions", queue.OpenReadCount);
        yield return ("transactions", queue.OpenedCount);
        yield return ("canceled_transactions", queue.AbortedCount);
        yield return ("total_flushes", queue.PurgeCount);
        yield return ("journal_rewrites", 0);
        yield return ("journal_rotations", 0);
    }

    private static long AgeOf(QueueStats queue, DateTimeOffset now)
        => queue.OldestEnqueuedAt == 0 ? 0
            : Math.Max(0, now.ToUnixTimeMilliseconds() - queue.OldestEnqueuedAt);

    private static long OldestOf(long one, long other)
        => one == 0 ? other : other == 0 ? one : Math.Min(one, other);
}
