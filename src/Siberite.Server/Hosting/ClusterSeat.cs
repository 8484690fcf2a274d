using System.Globalization;
using System.Net;
using Siberite.Cluster;
using Siberite.Contracts;
using Siberite.Gateway;
using Siberite.Server.Settings;

namespace Siberite.Server.Hosting;

/// <summary>The place of this silo among others.</summary>
internal static class ClusterSeat
{
    /// <summary>Resolves the address that others are told, and looks whether the database is ready. To be called before
    /// anything is opened.</summary>
    /// <exception cref="StartException">It cannot be one of a cluster here and now.</exception>
    public static async Task PrepareAsync(SiloSettings settings)
    {
        var gateway = ListenAddress.Parse(settings.Gateway.Listen).Address;
        if (SiloEndpoint.Resolve(settings.Cluster, gateway) is { } complaint)
        {
            throw StartException.Failure($"Siberite:Cluster:AdvertisedAddress is {complaint}");
        }

        if (await ClusterStart.FindTroubleAsync(settings.Cluster, CancellationToken.None) is { } trouble)
        {
            throw StartException.Failure(trouble);
        }
    }

    /// <summary>What the other silos are told. A port that is still to be found is not.</summary>
    public static Dictionary<string, string> FactsOf(SiloSettings settings, GatewayIdentity gateway)
    {
        var facts = new Dictionary<string, string>
        {
            [SiloFacts.GatewayKey] = gateway.Number.ToString(CultureInfo.InvariantCulture),
        };
        var admin = ListenAddress.Parse(settings.Admin.Listen);
        if (admin.Port != 0 && settings.Cluster.Mode == ClusterMode.Cluster)
        {
            var isEverywhere = admin.Address.Equals(IPAddress.Any) || admin.Address.Equals(IPAddress.IPv6Any);
            var address = isEverywhere ? IPAddress.Parse(settings.Cluster.AdvertisedAddress) : admin.Address;
            facts[SiloFacts.AdminKey] = new IPEndPoint(address, admin.Port).ToString();
        }

        return facts;
    }
}
