using Orleans.Runtime.MembershipService.SiloMetadata;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The stores that active silos advertise.</summary>
internal interface IActiveStores
{
    /// <summary>This silo's own.</summary>
    StoreId Local { get; }

    /// <summary>Those of other active silos, in order of id; a silo that joined this moment may yet be
    /// missing.</summary>
    IReadOnlyList<StoreId> Others();
}

/// <summary>As membership has it now.</summary>
internal sealed class ActiveStores(ISiloStatusOracle silos, ISiloMetadataCache metadata, LocalQueues queues)
    : IActiveStores
{
    /// <inheritdoc/>
    public StoreId Local => queues.StoreId;

    /// <inheritdoc/>
    public IReadOnlyList<StoreId> Others()
    {
        var found = new SortedSet<Guid>();
        foreach (var silo in silos.GetActiveSilos())
        {
            if (!silo.Equals(silos.SiloAddress)
                && metadata.GetSiloMetadata(silo).Metadata.TryGetValue(HomePlacementDirector.StoreKey, out var told)
                && Guid.TryParseExact(told, "n", out var store)
                && store != Local.Value)
            {
                found.Add(store);
            }
        }

        return [.. found.Select(store => new StoreId(store))];
    }
}
