using System.Globalization;
using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Renders <c>stats</c>.</summary>
/// <remarks>
/// Ruby clients cut <c>queue_&lt;name&gt;_&lt;key&gt;</c> lazily at the keys they know, so no key of ours may end in
/// one
/// of theirs (<c>_items</c>, <c>_bytes</c>, <c>_age</c>, …) unless it is that one. Values are numbers without spaces.
/// </remarks>
internal static class StatsReport
{
    public static string Render(GatewayParts gateway, ClusterStats stats, bool withGlobals)
    {
        var report = new StringBuilder();
        var now = gateway.Time.GetUtcNow();
        if (withGlobals)
        {
            AddGlobals(report, gateway, stats, now);
        }

        foreach (var queue in Merged(stats.Queues).OrderBy(queue => queue.Name, StringComparer.Ordinal))
        {
            var age = queue.OldestEnqueuedAt == 0 ? 0
                : Math.Max(0, now.ToUnixTimeMilliseconds() - queue.OldestEnqueuedAt);
            Add(report, $"queue_{queue.Name}_items", queue.ItemCount);
            Add(report, $"queue_{queue.Name}_bytes", queue.ItemBytes);
            Add(report, $"queue_{queue.Name}_age", age);
            Add(report, $"queue_{queue.Name}_waiters", queue.WaiterCount);
            Add(report, $"queue_{queue.Name}_open_transactions", queue.OpenReadCount);
            Add(report, $"queue_{queue.Name}_delayed", queue.DelayedCount);
            if (queue.IsUnreadable)
            {
                Add(report, $"queue_{queue.Name}_unreadable", 1);
            }
        }

        return report.Append("END\r\n").ToString();
    }

    private static void AddGlobals(
        StringBuilder report, GatewayParts gateway, ClusterStats stats, DateTimeOffset now)
    {
        var counters = gateway.Counters;
        var queues = stats.Queues;
        Add(report, "uptime", (long)(now - gateway.StartedAt).TotalSeconds);
        Add(report, "time", now.ToUnixTimeSeconds());
        report.Append(CultureInfo.InvariantCulture, $"STAT version {GatewayParts.Version}\r\n");
        Add(report, "curr_items", queues.Sum(queue => queue.ItemCount));
        Add(report, "total_items", queues.Sum(queue => queue.AppendedCount));
        Add(report, "bytes", queues.Sum(queue => queue.ItemBytes));
        Add(report, "curr_connections", counters.OpenSessions);
        Add(report, "total_connections", counters.TotalSessions);
        Add(report, "cmd_get", counters.GetCommands);
        Add(report, "cmd_set", counters.SetCommands);
        Add(report, "cmd_peek", counters.PeekCommands);
        Add(report, "get_hits", counters.GetHits);
        Add(report, "get_misses", counters.GetMisses);
        Add(report, "bytes_read", counters.ReceivedBytes);
        Add(report, "bytes_written", counters.SentBytes);
        Add(report, "silos", stats.Silos.Count);
        Add(report, "silos_away", stats.AwayCount);
    }

    /// <summary>One entry for each name: keys must not repeat, and clients want the sum of what is spread over
    /// silos.</summary>
    private static IEnumerable<QueueStats> Merged(IReadOnlyList<QueueStats> queues)
        => from queue in queues
           group queue by queue.Name into parts
           select parts.Aggregate((sum, part) => sum with
           {
               ItemCount = sum.ItemCount + part.ItemCount,
               ItemBytes = sum.ItemBytes + part.ItemBytes,
               OldestEnqueuedAt = OldestOf(sum.OldestEnqueuedAt, part.OldestEnqueuedAt),
               OpenReadCount = sum.OpenReadCount + part.OpenReadCount,
               WaiterCount = sum.WaiterCount + part.WaiterCount,
               DelayedCount = sum.DelayedCount + part.DelayedCount,
           });

    private static long OldestOf(long one, long other)
        => one == 0 ? other : other == 0 ? one : Math.Min(one, other);

    private static void Add(StringBuilder report, string key, long value)
        => report.Append(CultureInfo.InvariantCulture, $"STAT {key} {value}\r\n");
}
