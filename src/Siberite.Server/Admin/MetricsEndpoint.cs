using Prometheus;

namespace Siberite.Server.Admin;

/// <summary>Renders the metrics as Prometheus wants them.</summary>
internal sealed class MetricsEndpoint : IDisposable
{
    /// <summary>Shorter than any scrape interval: a scrape shows what was observed for it, and a queue that was deleted
    /// since the last one is not in it.</summary>
    private static readonly TimeSpan SeriesLifetime = TimeSpan.FromSeconds(5);

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly IDisposable _adapter;

    /// <param name="metrics">Taken so that the instruments exist.</param>
    /// <param name="silo">Its name is a label of every series, so that a collector can tell the silos of a cluster
    /// apart.</param>
    public MetricsEndpoint(SiloMetrics metrics, ILocalSiloDetails silo)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _registry.SetStaticLabels(new Dictionary<string, string> { ["silo"] = silo.Name });
        DotNetStats.Register(_registry); // Process memory, CPU, threads and collections.
        _adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            InstrumentFilterPredicate = instrument
                => instrument.Meter.Name.StartsWith(SiloMetrics.MeterName, StringComparison.Ordinal),
            MetricFactory = Metrics.WithCustomRegistry(_registry),
            Registry = _registry,
            MetricsExpireAfter = SeriesLifetime,
        });
    }

    public async Task WriteAsync(HttpContext context)
    {
        // Rendered first: a slow scraper must not hold the registry.
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, context.RequestAborted);
        context.Response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        text.Position = 0;
        await text.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    public void Dispose() => _adapter.Dispose();
}
