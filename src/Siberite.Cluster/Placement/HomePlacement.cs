using Orleans.Placement;

namespace Siberite.Cluster;

/// <summary>A grain lives on the silo that has the store named in its key, and nowhere else.</summary>
[Serializable, GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class HomePlacement : PlacementStrategy
{
    public static HomePlacement Instance { get; } = new();
}

/// <summary>Places the grain class by <see cref="HomePlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class HomePlacementAttribute() : PlacementAttribute(HomePlacement.Instance);
