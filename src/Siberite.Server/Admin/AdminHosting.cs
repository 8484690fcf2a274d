using System.Net;
using System.Text.Json;
using Siberite.Cluster;
using Siberite.Contracts;
using Siberite.Server.Settings;

namespace Siberite.Server.Admin;

/// <summary>Adds the operators' side to the host.</summary>
internal static class AdminHosting
{
    /// <param name="services">The host's.</param>
    /// <param name="store">Names the data directory.</param>
    /// <param name="commits">Tells whether the store failed.</param>
    /// <param name="readQueues">Statistics of this silo's queues, now.</param>
    public static void AddSiberiteAdmin(
        this IServiceCollection services, StoreId store, ICommitLog commits,
        Func<IReadOnlyList<QueueStats>> readQueues)
    {
        services.AddRoutingCore();
        services.AddSingleton(new SiloIdentity(store));
        services.AddSingleton(provider => new QueueBoard(readQueues, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new ClusterBoard(
            () => provider.GetRequiredService<IQueueRouter>().GetStatsAsync(name: null, StatsScope.Cluster),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new SiloHealth(
            commits, provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetRequiredService<ISiloReadiness>(), provider.GetRequiredService<IServiceStatus>()));
        services.AddSingleton<SiloFactsReader>();
        services.AddSingleton<SiloMetrics>();
        services.AddSingleton<MetricsEndpoint>();
    }

    public static void MapSiberiteAdmin(this WebApplication app, AdminOptions options)
    {
        app.UseAdminSecurity(isLoopback: IPAddress.IsLoopback(ListenAddress.Parse(options.Listen).Address));
        app.MapLazyDashboard();

        var health = app.Services.GetRequiredService<SiloHealth>();
        app.MapGet("/healthz", context => AnswerAsync(context, health.Trouble, "healthy"));
        app.MapGet("/readyz", context => AnswerAsync(context, health.Reluctance, "ready"));
        app.MapGet("/readyz/read", context => AnswerAsync(context, health.ReadReluctance, "ready to read"));
        app.MapGet("/metrics", app.Services.GetRequiredService<MetricsEndpoint>().WriteAsync);

        var board = app.Services.GetRequiredService<ClusterBoard>();
        var facts = app.Services.GetRequiredService<SiloFactsReader>();
        app.MapGet("/api/queues", context => WriteReportAsync(context, board, facts));
        app.MapGet("/", async context
            => await QueuesPage.WriteAsync(context, await ReportAsync(context.Request.Query, board, facts)));
        app.MapMoves();
        foreach (var asset in QueuesPage.Assets)
        {
            app.MapGet($"/{asset.Name}", asset.WriteAsync);
        }
    }

    private static Task AnswerAsync(HttpContext context, string? refusal, string welcome)
    {
        context.Response.StatusCode = refusal is null ? StatusCodes.Status200OK
            : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync((refusal ?? welcome) + "\n");
    }

    private static async Task WriteReportAsync(HttpContext context, ClusterBoard board, SiloFactsReader facts)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        var report = await ReportAsync(context.Request.Query, board, facts);
        await JsonSerializer.SerializeAsync(
            context.Response.Body, report, BoardJson.Default.BoardReport, context.RequestAborted);
    }

    /// <summary>What <c>?filter=</c>, <c>sort=</c> and <c>order=asc</c> ask for.</summary>
    private static async ValueTask<BoardReport> ReportAsync(
        IQueryCollection query, ClusterBoard board, SiloFactsReader facts)
    {
        var filter = query["filter"].ToString().Trim();
        var order = QueueOrder.Named(query["sort"]);
        var look = await board.ReadAsync();
        var rows = look.First(BoardReport.MaxQueues, filter, order, descending: query["order"] != "asc");
        return new BoardReport(
            facts.Read(), look.Totals, look.CountMatching(filter), [.. rows], [.. look.Silos.Select(SiloRow.Of)]);
    }
}
