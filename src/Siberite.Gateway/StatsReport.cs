using System.Globalization;
using System.Text;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>Renders <c>stats</c> and <c>dump_stats</c>.</summary>
/// <remarks>
/// Ruby clients cut <c>queue_&lt;name&gt;_&lt;key&gt;</c> lazily at the keys they know, so in the profile for
/// Siberite's clients no key may end in one of theirs (<c>_items</c>, <c>_bytes</c>, <c>_age</c>, …) unless it is that
/// one. They also add up what the servers they know report. So every value is a number, and none is empty.
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

        foreach (var queue in Merged(stats.Queues))
        {
            foreach (var (key, value) in QueueStatsKeys.Of(queue, now, gateway.Options.StatsProfile))
            {
                report.Append(CultureInfo.InvariantCulture, $"STAT queue_{queue.Name}_{key} {value}\r\n");
            }

            foreach (var cursor in queue.Cursors)
            {
                Add(report, $"queue_{queue.Name}.{cursor.Name}_items", cursor.ItemCount);
                Add(report, $"queue_{queue.Name}.{cursor.Name}_open_transactions", cursor.OpenReadCount);
            }
        }

        return report.Append("END\r\n").ToString();
    }

    /// <summary>The queues in blocks, as Kestrel's own tools read them.</summary>
    public static string Dump(ClusterStats stats, DateTimeOffset now)
    {
        var report = new StringBuilder();
        foreach (var queue in Merged(stats.Queues))
        {
            report.Append(CultureInfo.InvariantCulture, $"queue '{queue.Name}' {{\r\n");
            foreach (var (key, value) in QueueStatsKeys.Of(queue, now, StatsProfile.Kestrel))
            {
                report.Append(CultureInfo.InvariantCulture, $"  {key}={value}\r\n");
            }

            report.Append("}\r\n");
        }

        return report.Append("END\r\n").ToString();
    }

    private static void AddGlobals(
        StringBuilder report, GatewayParts gateway, ClusterStats stats, DateTimeOffset now)
    {
        var queues = stats.Queues;
        var counters = stats.Silos.Select(silo => silo.Counters).OfType<SiloCounters>().ToArray();
        Add(report, "uptime", (long)(now - gateway.StartedAt).TotalSeconds);
        Add(report, "time", now.ToUnixTimeSeconds());
        report.Append(CultureInfo.InvariantCulture, $"STAT version {GatewayParts.Version}\r\n");
        Add(report, "curr_items", queues.Sum(queue => queue.ItemCount));
        Add(report, "total_items", queues.Sum(queue => queue.AppendedCount));
        Add(report, "bytes", queues.Sum(queue => queue.ItemBytes));
        AddMemory(report, counters);
        AddClients(report, [.. counters.Select(silo => silo.Clients).OfType<ClientCounters>()]);
        Add(report, "queue_creates", counters.Sum(silo => silo.Queues.Created));
        Add(report, "queue_deletes", counters.Sum(silo => silo.Queues.Deleted));
        Add(report, "queue_expires", counters.Sum(silo => silo.Queues.Expired));
        Add(report, "silos", stats.Silos.Count);
        Add(report, "silos_away", stats.AwayCount);
    }

    /// <summary>Kestrel's is of the memory its queues reserve; ours, of the payload cache, what is in use.</summary>
    private static void AddMemory(StringBuilder report, SiloCounters[] counters)
    {
        var limit = counters.Sum(silo => silo.Queues.CacheLimitBytes);
        var ratio = limit == 0 ? 0 : (double)counters.Sum(silo => silo.Queues.CacheBytes) / limit;
        report.Append(CultureInfo.InvariantCulture, $"STAT reserved_memory_ratio {ratio:0.000}\r\n");
    }

    private static void AddClients(StringBuilder report, ClientCounters[] counters)
    {
        Add(report, "curr_connections", counters.Sum(silo => silo.OpenSessions));
        Add(report, "total_connections", counters.Sum(silo => silo.TotalSessions));
        Add(report, "cmd_get", counters.Sum(silo => silo.GetCommands));
        Add(report, "cmd_set", counters.Sum(silo => silo.SetCommands));
        Add(report, "cmd_peek", counters.Sum(silo => silo.PeekCommands));
        Add(report, "get_hits", counters.Sum(silo => silo.GetHits));
        Add(report, "get_misses", counters.Sum(silo => silo.GetMisses));
        Add(report, "bytes_read", counters.Sum(silo => silo.ReceivedBytes));
        Add(report, "bytes_written", counters.Sum(silo => silo.SentBytes));
    }

    /// <summary>One entry for each name, in order: keys must not repeat, and clients want the sum of what is spread
    /// over silos.</summary>
    private static IEnumerable<QueueStats> Merged(IReadOnlyList<QueueStats> queues)
        => from queue in queues
           group queue by queue.Name into parts
           orderby parts.Key
           select parts.Aggregate(QueueStatsKeys.Add);

    private static void Add(StringBuilder report, string key, long value)
        => report.Append(CultureInfo.InvariantCulture, $"STAT {key} {value}\r\n");
}
