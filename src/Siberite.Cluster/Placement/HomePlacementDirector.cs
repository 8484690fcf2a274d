using Orleans.Runtime.Placement;

namespace Siberite.Cluster;

/// <summary>Finds the active silo that has claimed the store in a grain's key, or fails the call.</summary>
/// <remarks>
/// A queue that came up on a silo without its store would be empty, and look healthy. So there is no second choice.
/// </remarks>
internal sealed class HomePlacementDirector(ClusterView view) : IPlacementDirector
{
    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var store = QueueAddress.StoreOf(target.GrainIdentity.Key.ToString()!);
        var home = await view.HomeOfAsync(store);
        return context.GetCompatibleSilos(target).Contains(home) ? home : throw view.Unavailable(store);
    }
}
