using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Gateway;
using Siberite.Queues;

namespace Siberite.Server.Admin;

/// <summary>The silo's metrics. All are observed when somebody scrapes: they cost the data path nothing.</summary>
/// <remarks>The names are a promise to dashboards and alerts; they are listed in
/// <c>infra/docs/metrics.md</c>.</remarks>
internal sealed class SiloMetrics : IDisposable
{
    public const string MeterName = "Siberite";

    private readonly Meter _meter = new(MeterName);
    private readonly QueueBoard _board;
    private readonly int _maxQueues;
    private volatile Look? _topOf;
    private volatile QueueRow[] _top = [];

    public SiloMetrics(
        GatewayCounters counters, QueueBoard board, SiloFactsReader facts, SiloHealth health, LocalQueues queues,
        IOptions<AdminOptions> options)
    {
        _board = board;
        _maxQueues = options.Value.MaxMetricQueues;
        AddSilo(facts, health);
        AddGateway(counters);
        AddTotals(queues);
        AddQueues();
    }

    public void Dispose() => _meter.Dispose();

    private void AddSilo(SiloFactsReader facts, SiloHealth health)
    {
        Gauge("silo.uptime_seconds", "s", "Time since the silo started.", () => (long)facts.Uptime.TotalSeconds);
        Gauge("silo.ready", "1", "Whether clients are welcome.", () => health.Reluctance is null ? 1 : 0);
        Gauge("store.failed", "1", "Whether a write or sync failed.", () => health.Trouble is null ? 0 : 1);
        Gauge("store.free_bytes", "By", "Room on the disk of the data directory.", () => facts.FreeBytes ?? -1);
    }

    private void AddGateway(GatewayCounters counters)
    {
        Gauge("gateway.sessions", "{session}", "Connections open now.", () => counters.OpenSessions);
        Counter("gateway.sessions_total", "{session}", "Connections accepted.", () => counters.TotalSessions);
        Counter("gateway.set_commands_total", "{command}", "Sets answered.", () => counters.SetCommands);
        Counter("gateway.get_commands_total", "{command}", "Gets that asked for an item.", () => counters.GetCommands);
        Counter("gateway.peek_commands_total", "{command}", "Peeks.", () => counters.PeekCommands);
        Counter("gateway.get_hits_total", "{command}", "Gets answered with an item.", () => counters.GetHits);
        Counter("gateway.get_misses_total", "{command}", "Gets answered without one.", () => counters.GetMisses);
        Counter("gateway.refused_commands_total", "{command}", "Commands answered with an error.",
            () => counters.RefusedCommands);
        Counter("gateway.received_bytes_total", "By", "Received from clients.", () => counters.ReceivedBytes);
        Counter("gateway.sent_bytes_total", "By", "Sent to clients.", () => counters.SentBytes);
    }

    private void AddTotals(LocalQueues queues)
    {
        Gauge("queues", "{queue}", "Queues of this silo.", () => _board.Read().Rows.Count);
        Gauge("unreadable_queues", "{queue}", "Queues whose stored bytes were found unreadable at the start.",
            () => _board.Read().Rows.Count(row => row.IsUnreadable));
        Gauge("cursors", "{cursor}", "Cursors of all queues.", () => _board.Read().Rows.Sum(row => (long)row.Cursors));
        Gauge("queues_held_by_cursors", "{queue}", "Queues with cursors that keep more than their CursorWarningBytes.",
            () => _board.Read().Rows.Count(row => row.IsHeldByCursors));
        Gauge("items", "{item}", "Items that wait, in all queues.", () => _board.Read().Totals.Items);
        Gauge("item_bytes", "By", "Their payload bytes.", () => _board.Read().Totals.Bytes);
        Gauge("open_reads", "{item}", "Items in the hands of sessions.", () => _board.Read().Totals.OpenReads);
        Gauge("waiters", "{session}", "Sessions that wait for an item.", () => _board.Read().Totals.Waiters);
        Gauge("delayed_items", "{item}", "Items that are not due yet, in all queues.",
            () => _board.Read().Totals.Delayed);
        Gauge("cached_bytes", "By", "Payload bytes held in memory.",
            () => _board.Read().Rows.Sum(row => row.Stats.CachedBytes));
        Gauge("memory_queue_bytes", "By", "Memory that items of queues in memory take, of MaxMemoryQueueBytes.",
            () => queues.MemoryQueueBytes);
    }

    private void AddQueues()
    {
        QueueGauge("queue.items", "{item}", "Items that wait.", row => row.Items);
        QueueGauge("queue.item_bytes", "By", "Their payload bytes.", row => row.Bytes);
        QueueGauge("queue.oldest_seconds", "s", "Age of the next item; 0 if none.",
            row => (long)(row.OldestSeconds ?? 0));
        QueueGauge("queue.open_reads", "{item}", "Items in the hands of sessions.", row => row.OpenReads);
        QueueGauge("queue.waiters", "{session}", "Sessions that wait for an item.", row => row.Waiters);
        QueueGauge("queue.cursor_lag_items", "{item}", "Items that wait for the cursor furthest behind; 0 without one.",
            row => row.Stats.Cursors.Max(cursor => (long?)cursor.ItemCount) ?? 0);
        QueueGauge("queue.delayed_items", "{item}", "Items that are not due yet.", row => row.Delayed);
        QueueCounter("queue.appended_total", "Items appended since the queue was made.", row => row.AppendedCount);
        QueueCounter("queue.taken_total", "Items handed out, redeliveries included.", row => row.TakenCount);
        QueueCounter("queue.closed_total", "Items closed.", row => row.ClosedCount);
        QueueCounter("queue.aborted_total", "Items given back.", row => row.AbortedCount);
        QueueCounter("queue.failed_total", "Open reads whose client was lost or whose lease ran out.",
            row => row.FailedCount);
        QueueCounter("queue.retried_total", "Items kept back after they were opened in vain.", row => row.RetriedCount);
        QueueCounter("queue.dead_letters_total", "Items that went to the dead-letter queue.",
            row => row.DeadLetterCount);
        QueueCounter("queue.duplicates_total", "Sets refused because their id was seen before.",
            row => row.DuplicateCount);
        QueueCounter("queue.discarded_total", "Items dropped because the queue was full.", row => row.DiscardedCount);
        QueueCounter("queue.expired_total", "Items that expired.", row => row.ExpiredCount);
    }

    private void Gauge(string name, string unit, string description, Func<long> read)
        => _meter.CreateObservableGauge(name, read, unit, description);

    private void Counter(string name, string unit, string description, Func<long> read)
        => _meter.CreateObservableCounter(name, read, unit, description);

    private void QueueGauge(string name, string unit, string description, Func<QueueRow, long> read)
        => _meter.CreateObservableGauge(name, () => ReadTop(read), unit, description);

    private void QueueCounter(string name, string description, Func<QueueStats, long> read)
        => _meter.CreateObservableCounter(name, () => ReadTop(row => read(row.Stats)), "{item}", description);

    private IEnumerable<Measurement<long>> ReadTop(Func<QueueRow, long> read)
        => from row in ReadTop()
           select new Measurement<long>(read(row), new KeyValuePair<string, object?>("queue", row.Name));

    /// <summary>Sorts once for all instruments of a scrape.</summary>
    private QueueRow[] ReadTop()
    {
        var look = _board.Read();
        if (_topOf != look)
        {
            _top = [.. look.Find(filter: "", QueueOrder.Named("items"), descending: true).Take(_maxQueues)];
            _topOf = look;
        }

        return _top;
    }
}
