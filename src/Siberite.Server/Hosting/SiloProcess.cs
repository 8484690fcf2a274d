using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;
using Siberite.Cluster;
using Siberite.Contracts;
using Siberite.Gateway;
using Siberite.Queues;
using Siberite.Server.Admin;
using Siberite.Server.Settings;
using Siberite.Storage;

namespace Siberite.Server.Hosting;

/// <summary>One silo from start to stop: the store, the engine on it, and around them Orleans, gateway and
/// pages.</summary>
internal static partial class SiloProcess
{
    /// <summary>Connections to the admin endpoint; further ones are closed. 200: some browsers and scrapers.</summary>
    private const int MaxAdminConnections = 200;

    /// <summary>What Orleans may take to leave once the sessions are gone.</summary>
    private static readonly TimeSpan OrleansStopTimeout = TimeSpan.FromSeconds(20);

    /// <summary>How long a silo joins without a word.</summary>
    private static readonly TimeSpan JoiningPatience = TimeSpan.FromSeconds(10);

    /// <summary>Three numbers.</summary>
    public static string Version { get; } = typeof(SiloProcess).Assembly.GetName().Version!.ToString(fieldCount: 3);

    /// <summary>Serves until the process is told to stop or its store fails.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartException">It cannot start.</exception>
    public static async Task<int> RunAsync(
        SiloSettings settings, IConfiguration configuration, CommandLine commandLine)
    {
        var isStarting = true;
        var notice = ServiceNotice.FromEnvironment();
        using var logging = SiloLogging.Create(configuration, () => Volatile.Read(ref isStarting));
        ThrowIfTaken("Gateway:Listen", ListenAddress.Parse(settings.Gateway.Listen));
        ThrowIfTaken("Admin:Listen", ListenAddress.Parse(settings.Admin.Listen));
        if (settings.Cluster.Mode == ClusterMode.Cluster)
        {
            await ClusterSeat.PrepareAsync(settings);
            ThrowIfTaken("Cluster:SiloPort", SiloEndpoint.Of(settings.Cluster).Listen);
        }

        using var responder = StartingResponder.Open(settings.Admin.Listen);
        using var store = OpenStore(settings.Storage, logging);
        var queues = OpenQueues(settings, store, logging);
        bool isLost;
        try
        {
            using var reload = new SettingsReload(
                commandLine, settings, queues.Settings, logging.CreateLogger<SettingsReload>());
            await using var app = Build(settings, queues, reload, logging, responder);
            await StartAsync(app, settings.Cluster.Mode);
            Volatile.Write(ref isStarting, false);
            using var pid = PidFile.Write(commandLine.PidFile);
            StartReport.Log(logging.CreateLogger("Siberite.Server"), settings, queues, app.Urls);
            app.Lifetime.ApplicationStopping.Register(notice.Stopping);
            notice.Ready($"Serves memcache on {settings.Gateway.Listen}.");
            await ServeAsync(app);
            isLost = app.Services.GetRequiredService<IStoreClaim>().Loss is not null;
        }
        finally
        {
            // Sessions and Orleans are gone by now, so what this commits and syncs is the last there is.
            queues.Dispose();
        }

        LogStopped(logging.CreateLogger("Siberite.Server"));
        return queues.Commits.HasFailed ? ExitCodes.StoreFailed : isLost ? ExitCodes.StoreLost : ExitCodes.Stopped;
    }

    /// <summary>Says which address is taken before anything is opened. Kestrel would say so too, but late and not for
    /// every reason by address.</summary>
    private static void ThrowIfTaken(string setting, IPEndPoint endPoint)
    {
        try
        {
            using var probe = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(endPoint);
        }
        catch (SocketException e)
        {
            throw StartException.Failure($"cannot listen on {endPoint} (Siberite:{setting}): {e.Message}");
        }
    }

    private static RocksQueueStore OpenStore(StorageOptions options, ILoggerFactory logging)
    {
        options.DataDirectory = Path.GetFullPath(options.DataDirectory);
        try
        {
            return RocksQueueStore.Open(options, logging.CreateLogger<RocksQueueStore>(), TimeProvider.System);
        }
        catch (DataDirectoryException e)
        {
            throw StartException.Failure(e.Message);
        }
    }

    private static LocalQueues OpenQueues(SiloSettings settings, RocksQueueStore store, ILoggerFactory logging)
    {
        try
        {
            var queues = new LocalQueues(
                store, settings.Engine, settings.Storage, TimeProvider.System, logging.CreateLogger<LocalQueues>())
            {
                FansOut = settings.Gateway.Plus == PlusMeaning.Fanout,
            };

            // What reading them took and left would stay resident until there is much to do.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return queues;
        }
        catch (Exception e)
        {
            // Whatever it is, it is about bytes on the disk, and the operator needs to know of which directory.
            throw StartException.Failure($"cannot read the queues in {settings.Storage.DataDirectory}: {e.Message}");
        }
    }

    private static WebApplication Build(
        SiloSettings settings, LocalQueues queues, SettingsReload reload, ILoggerFactory logging,
        StartingResponder responder)
    {
        // Empty: no file, variable or default but ours has a say in what this server does.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Services.Configure<HostOptions>(host
            => host.ShutdownTimeout = settings.Gateway.DrainTimeout + OrleansStopTimeout);
        builder.Services.AddSingleton(logging);
        AddSettings(builder.Services, settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(queues);
        builder.Services.AddSingleton<IQueueSettings>(queues.Settings);
        builder.Services.AddSingleton<ISiloControl>(provider => new SiloControl(
            reload, provider.GetRequiredService<IHostApplicationLifetime>()));
        builder.Services.AddSingleton<IQueueSettingReader, QueueSettingReader>();

        var gateway = GatewayIdentity.Draw();
        builder.AddSiberiteCluster(queues.StoreId, settings.Cluster, ClusterSeat.FactsOf(settings, gateway));
        builder.UseOrleans(silo => silo.AddDashboard(dashboard => dashboard.HideTrace = true));
        builder.Services.AddHostedService(_ => responder); // Starts, that is ends, when Orleans is there.
        builder.Services.AddSiberiteGateway(gateway);
        builder.Services.AddSiberiteAdmin(
            queues.StoreId, queues.Commits, () => queues.GetStats(name: null));

        // Orleans was added first, so it starts before the endpoints open and stops after they are closed.
        var connections = new OpenConnections();
        Listen(builder.WebHost, settings, connections);

        var app = builder.Build();
        app.MapSiberiteAdmin(settings.Admin);
        StopInTime(app, settings.Gateway.DrainTimeout, connections);
        StopOnFailure(app, settings.Storage, queues);
        return app;
    }

    private static void AddSettings(IServiceCollection services, SiloSettings settings)
    {
        services.AddSingleton(Options.Create(settings.Gateway));
        services.AddSingleton(Options.Create(settings.Storage));
        services.AddSingleton(Options.Create(settings.Engine));
        services.AddSingleton(Options.Create(settings.Cluster));
        services.AddSingleton(Options.Create(settings.Admin));
    }

    private static void Listen(IWebHostBuilder host, SiloSettings settings, OpenConnections connections)
        => host.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 << 10; // No page takes a body; nothing may fill memory with one.
            var gateway = ListenAddress.Parse(settings.Gateway.Listen);
            kestrel.Listen(new GatewayEndPoint(gateway, settings.Gateway.Polled), endpoint =>
            {
                connections.Track(endpoint);
                endpoint.UseSiberiteGateway();
            });
            kestrel.Listen(ListenAddress.Parse(settings.Admin.Listen), endpoint
                => connections.Track(endpoint, MaxAdminConnections));
        });

    private static async Task StartAsync(WebApplication app, ClusterMode mode)
    {
        // A silo that joins asks every active one first, and waits for those that crashed to be given up.
        await using var reminder = mode == ClusterMode.Cluster
            ? TimeProvider.System.CreateTimer(_ => LogJoining(app.Logger), null, JoiningPatience, JoiningPatience)
            : null;
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or OrleansException or SiberiteException
            or DbException or TimeoutException)
        {
            throw StartException.Failure(e.Message);
        }
        catch (DuplicateStoreException e)
        {
            await app.StopAsync(); // Says good-bye: the cluster need not find out that this silo is gone.
            throw StartException.Failure(e.Message);
        }
    }

    private static async Task ServeAsync(WebApplication app)
    {
        try
        {
            await app.WaitForShutdownAsync();
        }
        catch (Exception e) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The store is still to be closed, and whoever stopped us can do nothing about a part that would not end.
            LogStopFailed(app.Logger, e);
        }
    }

    private static void StopInTime(WebApplication app, TimeSpan drainTimeout, OpenConnections connections)
        => app.Lifetime.ApplicationStopping.Register(() =>
        {
            LogStopping(app.Logger);
            var timer = TimeProvider.System.CreateTimer(
                _ =>
                {
                    if (connections.AbortAll() is > 0 and var count)
                    {
                        LogAborted(app.Logger, count, drainTimeout);
                    }
                },
                state: null, drainTimeout, Timeout.InfiniteTimeSpan);
            app.Lifetime.ApplicationStopped.Register(timer.Dispose);
        });

    private static void StopOnFailure(WebApplication app, StorageOptions options, LocalQueues queues)
        => queues.Failed += failure =>
        {
            LogStoreFailed(app.Logger, failure);
            if (options.ExitOnFailure)
            {
                // Not here: whoever is told of the stop would run under the commit turn, before the clients whose
                // commands failed have heard of it.
                ThreadPool.UnsafeQueueUserWorkItem(
                    static lifetime => lifetime.StopApplication(), app.Lifetime, preferLocal: false);
            }
        };

    [LoggerMessage(4017, LogLevel.Warning,
        "Still joining: not every silo that the cluster's database calls active answers. One that crashed is given up "
        + "soon; one that cannot be reached, or not by TLS, is not.")]
    private static partial void LogJoining(ILogger log);

    [LoggerMessage(4001, LogLevel.Information, "Stopping: no new connections, sessions finish what they began.")]
    private static partial void LogStopping(ILogger log);

    [LoggerMessage(4002, LogLevel.Warning, "{Count} connections did not end within {DrainTimeout} and were closed.")]
    private static partial void LogAborted(ILogger log, int count, TimeSpan drainTimeout);

    [LoggerMessage(4003, LogLevel.Critical,
        "A write or sync failed. Nothing is acknowledged any more; a restart recovers what was.")]
    private static partial void LogStoreFailed(ILogger log, Exception failure);

    [LoggerMessage(4005, LogLevel.Warning, "Some part did not stop as it should.")]
    private static partial void LogStopFailed(ILogger log, Exception failure);

    [LoggerMessage(4004, LogLevel.Information, "Stopped.")]
    private static partial void LogStopped(ILogger log);
}
