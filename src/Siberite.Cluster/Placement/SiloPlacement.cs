using Orleans.Placement;
using Orleans.Runtime.Placement;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A grain lives on the silo whose address is its key, and nowhere else.</summary>
[Serializable, GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class SiloPlacement : PlacementStrategy
{
    public static SiloPlacement Instance { get; } = new();
}

/// <summary>Places the grain class by <see cref="SiloPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloPlacementAttribute() : PlacementAttribute(SiloPlacement.Instance);

/// <summary>Finds the silo, or fails the call when it is not active.</summary>
internal sealed class SiloPlacementDirector : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silo = SiloAddress.FromParsableString(target.GrainIdentity.Key.ToString()!);
        return context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"Silo {silo} is not active.", inner: null);
    }
}
