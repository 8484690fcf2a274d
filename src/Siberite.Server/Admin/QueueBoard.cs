using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>The queues of this silo as metrics show them: at most one look a second, however many ask.</summary>
internal sealed class QueueBoard(Func<IReadOnlyList<QueueStats>> readQueues, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Look? _last;

    /// <summary>The queues, at most a second old.</summary>
    public Look Read()
    {
        lock (_gate)
        {
            return _last = Look.IsFresh(_last, time)
                ? _last!
                : Look.Take(new ClusterStats(readQueues(), []), _last, time);
        }
    }
}

/// <summary>The queues of all silos as the pages show them: at most one look a second, however many ask.</summary>
internal sealed class ClusterBoard(Func<ValueTask<ClusterStats>> readCluster, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private Look? _last;

    /// <summary>The queues, at most a second old, of all silos that can be reached.</summary>
    public async ValueTask<Look> ReadAsync()
    {
        await _turn.WaitAsync();
        try
        {
            return _last = Look.IsFresh(_last, time) ? _last! : Look.Take(await readCluster(), _last, time);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}

/// <summary>One look at all queues.</summary>
/// <remarks>Rates come from the cumulative counts of two looks, so they cost the data path nothing, and nothing at all
/// while nobody looks.</remarks>
internal sealed class Look
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>A rate over a longer time would say little of now.</summary>
    private static readonly TimeSpan LongestRateInterval = TimeSpan.FromSeconds(15);

    private readonly Lazy<QueueTotals> _totals;

    private Look(long timestamp, List<QueueRow> rows, IReadOnlyList<SiloStats> silos)
    {
        Timestamp = timestamp;
        Rows = rows;
        Silos = silos;
        _totals = new Lazy<QueueTotals>(() => Sum(rows));
    }

    /// <summary>When, by the clock's own ticks.</summary>
    public long Timestamp { get; }

    /// <summary>All queues, in no order.</summary>
    public List<QueueRow> Rows { get; }

    /// <summary>The silos that were asked, those that are away included.</summary>
    public IReadOnlyList<SiloStats> Silos { get; }

    /// <summary>All queues in one row.</summary>
    public QueueTotals Totals => _totals.Value;

    public static bool IsFresh(Look? last, TimeProvider time)
        => last is not null && time.GetElapsedTime(last.Timestamp) < LookInterval;

    public static Look Take(ClusterStats stats, Look? last, TimeProvider time)
    {
        var timestamp = time.GetTimestamp();
        var elapsed = last is null ? TimeSpan.MaxValue : time.GetElapsedTime(last.Timestamp, timestamp);
        var earlier = elapsed <= LongestRateInterval
            ? last!.Rows.ToDictionary(row => (row.Name, row.Stats.Store), row => row.Stats)
            : null;
        var names = stats.Silos.ToDictionary(silo => silo.Store, silo => silo.Name);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var rows = stats.Queues.Select(queue => RowOf(
            queue, names.GetValueOrDefault(queue.Store, ""), earlier, elapsed, now));
        return new Look(timestamp, [.. rows], stats.Silos);
    }

    /// <summary>The rows a filter lets through, in an order.</summary>
    public IEnumerable<QueueRow> Find(string filter, QueueOrder order, bool descending)
    {
        var wanted = filter.Length == 0
            ? Rows
            : Rows.Where(row => row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase));
        return order.Sort(wanted, descending);
    }

    /// <summary>How many rows a filter lets through.</summary>
    public int CountMatching(string filter)
        => filter.Length == 0
            ? Rows.Count
            : Rows.Count(row => row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase));

    private static QueueRow RowOf(
        QueueStats queue, string silo, Dictionary<(string, StoreId), QueueStats>? earlier, TimeSpan elapsed, long now)
    {
        var oldest = queue.OldestEnqueuedAt == 0 ? (double?)null : Math.Max(0, now - queue.OldestEnqueuedAt) / 1000.0;
        double? inRate = null;
        double? outRate = null;
        if (earlier is not null)
        {
            var before = earlier.GetValueOrDefault((queue.Name, queue.Store));
            inRate = Rate(queue.AppendedCount, before?.AppendedCount, elapsed);
            outRate = Rate(queue.ClosedCount, before?.ClosedCount, elapsed);
        }

        return new QueueRow(
            queue.Name, queue.ItemCount, queue.ItemBytes, oldest, queue.OpenReadCount, queue.WaiterCount, inRate,
            outRate, silo, queue);
    }

    /// <remarks>A queue that is new, or was deleted and made again, has counted from zero.</remarks>
    private static double Rate(long count, long? before, TimeSpan elapsed)
        => (before is { } earlier && earlier <= count ? count - earlier : count) / elapsed.TotalSeconds;

    private static QueueTotals Sum(List<QueueRow> rows)
    {
        var totals = new QueueTotals(rows.Count, 0, 0, 0, 0, 0, 0);
        foreach (var row in rows)
        {
            totals = new QueueTotals(
                totals.Queues, totals.Items + row.Items, totals.Bytes + row.Bytes, totals.OpenReads + row.OpenReads,
                totals.Waiters + row.Waiters, totals.InPerSecond + row.InPerSecond,
                totals.OutPerSecond + row.OutPerSecond)
            {
                Delayed = totals.Delayed + row.Delayed,
            };
        }

        return totals;
    }
}

/// <summary>The orders a table of queues can have. Equal rows are in order of name.</summary>
internal sealed record QueueOrder(string Key, Func<QueueRow, double> Read)
{
    private static readonly QueueOrder[] All =
    [
        new("items", row => row.Items),
        new("bytes", row => row.Bytes),
        new("age", row => row.OldestSeconds ?? -1),
        new("open", row => row.OpenReads),
        new("waiters", row => row.Waiters),
        new("delayed", row => row.Delayed),
        new("dead", row => row.DeadLetters),
        new("in", row => row.InPerSecond ?? -1),
        new("out", row => row.OutPerSecond ?? -1),
        new("name", _ => 0),
    ];

    /// <summary>Most items first, unless the request knows better.</summary>
    public static QueueOrder Named(string? key) => All.FirstOrDefault(order => order.Key == key) ?? All[0];

    public IEnumerable<QueueRow> Sort(IEnumerable<QueueRow> rows, bool descending)
    {
        if (Key == "name")
        {
            return descending
                ? rows.OrderByDescending(row => row.Name, StringComparer.Ordinal)
                : rows.OrderBy(row => row.Name, StringComparer.Ordinal);
        }

        var sorted = descending ? rows.OrderByDescending(Read) : rows.OrderBy(Read);
        return sorted.ThenBy(row => row.Name, StringComparer.Ordinal);
    }
}
