using Orleans.Runtime.Placement;

namespace Siberite.Cluster;

/// <summary>Finds the active silo that has claimed the store in a grain's key, or fails the call.</summary>
/// <remarks>
/// A queue that came up on a silo without its store would be empty, and look healthy. So there is no second choice.
/// </remarks>
internal sealed class HomePlacementDirector(ClusterView view) : IPlacementDirector
{
    /// <summary>How long a call waits for silos that have just joined to say who they are. 1 s: it takes them some
    /// milliseconds, and the store may be theirs.</summary>
    private static readonly TimeSpan IntroductionTimeout = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var store = QueueAddress.StoreOf(target.GrainIdentity.Key.ToString()!);
        if (view.FindHome(store) is not { } home)
        {
            await view.WaitForStrangersAsync(IntroductionTimeout);
            home = view.FindHome(store) ?? throw view.Unavailable(store);
        }

        return context.GetCompatibleSilos(target).Contains(home) ? home : throw view.Unavailable(store);
    }
}
