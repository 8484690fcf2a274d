using System.Net;
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
        services.AddOpenApi();
        services.ConfigureHttpJsonOptions(json
            => json.SerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default));
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
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
        app.UseProblems();
        app.UseAdminSecurity(isLoopback: IPAddress.IsLoopback(ListenAddress.Parse(options.Listen).Address));
        app.MapLazyDashboard();

        var health = app.Services.GetRequiredService<SiloHealth>();
        app.MapGet("/healthz", context => AnswerAsync(context, health.Trouble, "healthy"));
        app.MapGet("/readyz", context => AnswerAsync(context, health.Reluctance, "ready"));
        app.MapGet("/readyz/read", context => AnswerAsync(context, health.ReadReluctance, "ready to read"));
        app.MapGet("/metrics", app.Services.GetRequiredService<MetricsEndpoint>().WriteAsync);

        var board = app.Services.GetRequiredService<ClusterBoard>();
        var facts = app.Services.GetRequiredService<SiloFactsReader>();
        app.MapGet("/", async context
            => await QueuesPage.WriteAsync(
                context, await BoardReport.ReadAsync(BoardQuery.Of(context.Request.Query), board, facts)));
        app.MapQueues();
        app.MapItems();
        app.MapMoves();
        app.MapOpenApi();
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
}
