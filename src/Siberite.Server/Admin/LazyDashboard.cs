using Orleans.Dashboard;

namespace Siberite.Server.Admin;

/// <summary>Orleans' own dashboard, made when it is first asked for.</summary>
/// <remarks>It unpacks and packs all its files into memory at once, some 60 MB: a third of an idle server, which most
/// silos never need.</remarks>
internal static class LazyDashboard
{
    public const string Prefix = "/dashboard";

    public static void MapLazyDashboard(this WebApplication app)
    {
        var dashboard = new Lazy<RequestDelegate>(() => Build(app.Services));
        app.Use((context, next) => context.Request.Path.StartsWithSegments(Prefix)
            ? dashboard.Value(context)
            : next(context));
    }

    private static RequestDelegate Build(IServiceProvider services)
    {
        var branch = new ApplicationBuilder(services);
        branch.UseRouting();
        branch.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(Prefix));
        return branch.Build();
    }
}
