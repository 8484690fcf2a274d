using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Siberite.Contracts;
using Siberite.Queues;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster;

/// <summary>Puts the silo into a host.</summary>
public static class SiberiteClusterHosting
{
    /// <summary>How long a grain call may take. 15 s: longer than any commit of a healthy disk and than any slice of a
    /// wait (10 s at most, by the rule of that setting), and still short of the time-outs of common memcache clients
    /// times their retries.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Calls that one activation has at a time, running ones included: every session of another gateway that
    /// waits on the queue is one. 50,000 is more sessions than a gateway allows.</summary>
    private const int MaxCallsPerGrain = 50_000;

    /// <summary>Addresses of grains kept for a short way to them. 10,000: the default of a million is a table of 17 MB
    /// from the start, and a lookup within the silo is cheap.</summary>
    private const int GrainAddressCount = 10_000;

    /// <summary>How long an activation stays without a call. 2 minutes: it owns nothing.</summary>
    private static readonly TimeSpan ActivationAge = TimeSpan.FromMinutes(2);

    /// <summary>Grain storage for state of other grains than the queue directory.</summary>
    public const string StorageName = "siberite";

    /// <summary>Adds a standalone silo.</summary>
    public static IHostApplicationBuilder AddSiberiteCluster(this IHostApplicationBuilder builder, StoreId storeId)
        => builder.AddSiberiteCluster(storeId, new ClusterOptions(), facts: []);

    /// <summary>Adds the silo, standalone or of a cluster, the grains and <see cref="IQueueRouter"/>. Needs
    /// <see cref="LocalQueues"/>, an <see cref="IQueueSettingReader"/>, a <see cref="TimeProvider"/> and checked
    /// <see cref="ClusterOptions"/> among the services.</summary>
    /// <remarks>
    /// The silo is a hosted service: services that serve clients must be added after this call, so that they start when
    /// the silo is active and stop before it. <see cref="ISiloReadiness"/> tells whether it is. Standalone it opens no
    /// port.
    /// </remarks>
    /// <param name="builder">The host.</param>
    /// <param name="storeId">The identity of this silo's data directory, which it advertises as its own.</param>
    /// <param name="options">What the runtime is set up by; the advertised address of a cluster's silo is
    /// resolved.</param>
    /// <param name="facts">What the silo tells the others besides its store and name, by keys of
    /// <see cref="SiloFacts"/>.</param>
    public static IHostApplicationBuilder AddSiberiteCluster(
        this IHostApplicationBuilder builder, StoreId storeId, ClusterOptions options,
        Dictionary<string, string> facts)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        var name = NameOf(options, storeId);
        var run = facts.TryGetValue(SiloFacts.GatewayKey, out var number)
            ? long.Parse(number, CultureInfo.InvariantCulture)
            : LocalIdentity.DrawRun();
        builder.UseOrleans(silo =>
        {
            AddSilo(silo, new LocalIdentity(run, IsAlone: options.Mode == ClusterMode.Standalone));
            if (options.Mode == ClusterMode.Cluster)
            {
                SiloMembership.Join(silo, options);
                SiloMembership.KeepGrainState(silo, options, QueueDirectoryGrain.StorageName, StorageName);
            }
            else
            {
                StandAlone(silo, storeId);
            }

            silo.Configure<SiloOptions>(silo => silo.SiloName = name);
            silo.UseSiloMetadata(new Dictionary<string, string>(facts)
            {
                [SiloFacts.StoreKey] = storeId.ToString(),
                [SiloFacts.NameKey] = name,
            });
        });

        return builder;
    }

    /// <summary>What the silo is called.</summary>
    public static string NameOf(ClusterOptions options, StoreId storeId)
        => options.SiloName.Length > 0 ? options.SiloName : $"siberite-{storeId.ToString()[..8]}";

    /// <summary>What every silo has, standalone or not: the grains, the router, the claim of its store, and the
    /// tuning.</summary>
    internal static void AddSilo(ISiloBuilder silo, LocalIdentity identity)
    {
        silo.Services.AddSingleton(identity);
        silo.Services.AddSingleton<QueueRouter>();
        silo.Services.AddSingleton<IQueueRouter>(services => services.GetRequiredService<QueueRouter>());
        silo.Services.AddSingleton<LocalSilo>();
        silo.Services.AddSingleton<CallLedger>();
        silo.Services.AddSingleton<GatewayRoster>();
        silo.Services.AddSingleton<IServiceStatus, LocalStatus>();
        silo.Services.AddSingleton<CounterBoard>();
        AddParticipant<ClusterView>(silo.Services);
        AddGrains(silo);
        Tune(silo);

        // Added after the silo's own service, so it starts when the silo is active and stops before it.
        silo.Services.AddSingleton<StoreClaimer>();
        silo.Services.AddSingleton<IStoreClaim>(services => services.GetRequiredService<StoreClaimer>());
        silo.Services.AddHostedService(services => services.GetRequiredService<StoreClaimer>());
    }

    private static void AddGrains(ISiloBuilder silo)
    {
        silo.Services.AddSerializer(serializer => serializer.AddAssembly(typeof(QueueGrain).Assembly)
            .AddAssembly(typeof(IQueueGrain).Assembly));
        silo.AddPlacementDirector<HomePlacement, HomePlacementDirector>();
        silo.AddPlacementDirector<SiloPlacement, SiloPlacementDirector>();
        silo.AddLooseQueues();
        AddParticipant<RunTimeSettings>(silo.Services);
        AddParticipant<OutlivedQueues>(silo.Services);
        silo.Services.AddSingleton<QueueRedrive>();
        silo.Services.AddSingleton<IQueueAdmin, QueueAdmin>();
        AddParticipant<RemoteReads>(silo.Services);
        AddParticipant<SiloReadiness>(silo.Services);
        silo.Services.AddSingleton<ISiloReadiness>(services => services.GetRequiredService<SiloReadiness>());
    }

    private static void AddParticipant<T>(IServiceCollection services)
        where T : class, ILifecycleParticipant<ISiloLifecycle>
    {
        services.AddSingleton<T>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<T>());
    }

    /// <summary>One silo that knows no other: membership in memory, grain state in the local store, no port.</summary>
    private static void StandAlone(ISiloBuilder silo, StoreId storeId)
    {
        silo.UseLocalhostClustering(gatewayPort: 0, serviceId: "siberite", clusterId: $"standalone-{storeId}");
        NoTransport.Replace(silo.Services);
        foreach (var name in (ReadOnlySpan<string>)[QueueDirectoryGrain.StorageName, StorageName])
        {
            silo.Services.AddGrainStorage(
                name, (services, name) => new LocalGrainStorage(name, services.GetRequiredService<LocalQueues>()));
        }
    }

    private static void Tune(ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // Experimental, and the only one that is linearizable; decision 0004.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<SiloMessagingOptions>(options =>
        {
            options.ResponseTimeout = ResponseTimeout;
            options.MaxEnqueuedRequestsHardLimit = MaxCallsPerGrain;
        });
        silo.Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionQuantum = TimeSpan.FromSeconds(30);
            options.CollectionAge = ActivationAge;
        });
        silo.Configure<GrainDirectoryOptions>(options =>
        {
            options.CacheSize = GrainAddressCount;

            // No registration has to wait after a crash: no grain here rests on being active once (decision 0004), and
            // a silo that is back serves its queues at once.
            options.RangeLeaseDuration = TimeSpan.Zero;
        });

        // Loads are published for placements by load, and no grain here is placed so.
        silo.Configure<DeploymentLoadPublisherOptions>(
            options => options.DeploymentLoadPublisherRefreshTime = TimeSpan.Zero);
    }
}
