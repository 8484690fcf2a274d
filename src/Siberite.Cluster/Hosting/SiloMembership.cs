using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Siberite.Contracts;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster;

/// <summary>How a silo of a cluster is found by the others, and how soon it is given up.</summary>
internal static class SiloMembership
{
    private const string Postgres = "Npgsql"; // The runtime's name for the driver.

    /// <summary>Membership in the database, and a port for the others. The runtime's own gateway stays closed: ours is
    /// in this process.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="options">Its addresses are IP addresses by now.</param>
    public static void Join(ISiloBuilder silo, ClusterOptions options)
    {
        silo.Configure<Orleans.Configuration.ClusterOptions>(names =>
        {
            // Grain state is kept by service, and clusters that share a database must not share it.
            names.ServiceId = options.ClusterId;
            names.ClusterId = options.ClusterId;
        });
        silo.UseAdoNetClustering(table =>
        {
            table.Invariant = Postgres;
            table.ConnectionString = options.ConnectionString;
        });
        var endpoint = SiloEndpoint.Of(options);
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = endpoint.Advertised.Address;
            endpoints.SiloPort = endpoint.Advertised.Port;
            endpoints.SiloListeningEndpoint = endpoint.Listen;
            endpoints.GatewayPort = 0;
        });
        SiloTls.Secure(silo, options);
        if (options.Membership == MembershipProfile.Fast)
        {
            SuspectSoon(silo);
        }
    }

    /// <summary>A killed silo is gone in 3 to 5 s, a lost machine in 6 to 9 s; by default in 8 to 15 s and 60 to
    /// 75 s. Shorter than these, and a busy machine of two cores evicts healthy silos.</summary>
    private static void SuspectSoon(ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1); // Instead of 5 s.
            membership.MaxProbeTimeout = TimeSpan.FromSeconds(2); // Of a slow silo; instead of 20 s.
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(5); // Instead of 60 s: a zombie learns of it here.
        });
    }

    /// <summary>Grain state in the database, under the names the grains use.</summary>
    public static void KeepGrainState(ISiloBuilder silo, ClusterOptions options, params ReadOnlySpan<string> names)
    {
        silo.AddAdoNetGrainStorage(Postgres, storage =>
        {
            storage.Invariant = Postgres;
            storage.ConnectionString = options.ConnectionString;
            storage.DeleteStateOnClear = true; // A deleted queue leaves nothing behind.
            storage.GrainStorageSerializer = new JsonStateSerializer();
        });
        foreach (var name in names)
        {
            silo.Services.AddGrainStorage(name, (services, storage) => new SharedGrainStorage(
                storage, services.GetRequiredKeyedService<IGrainStorage>(Postgres)));
        }
    }
}
