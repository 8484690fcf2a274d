using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Finds the active silo that advertises the store in a queue grain's key, or fails the call.</summary>
/// <remarks>
/// A queue that came up on a silo without its store would be empty, and look healthy. So there is no second choice.
/// </remarks>
internal sealed class HomePlacementDirector(LocalQueues queues, ISiloMetadataCache metadata) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var address = QueueAddress.Parse(target.GrainIdentity.Key.ToString()!);
        return Task.FromResult(FindHome(address.Store, context.GetCompatibleSilos(target), context.LocalSilo)
            ?? throw Unavailable(address));
    }

    /// <summary>What a client reads of a queue whose home is away.</summary>
    internal static SiberiteException Unavailable(QueueAddress address)
        => new(
            SiberiteError.QueueUnavailable,
            $"Queue {address.Name} is unavailable: no active silo has its store {address.Store}.",
            inner: null);

    private SiloAddress? FindHome(StoreId store, SiloAddress[] active, SiloAddress local)
    {
        SiloAddress? home = null;
        foreach (var silo in active)
        {
            // A silo knows its own store before the metadata cache does, which fills in the background. Of a silo that
            // was restarted, both runs may look active for a while: the younger one has the store's lock.
            if (Advertises(silo, store, local) && (home is null || silo.Generation > home.Generation))
            {
                home = silo;
            }
        }

        return home;
    }

    private bool Advertises(SiloAddress silo, StoreId store, SiloAddress local)
        => silo.Equals(local)
            ? store == queues.StoreId
            : metadata.GetSiloMetadata(silo).Metadata.TryGetValue(SiloFacts.StoreKey, out var told)
                && told == store.ToString();
}
