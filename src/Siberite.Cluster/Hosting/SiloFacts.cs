namespace Siberite.Cluster;

/// <summary>The keys under which a silo tells who it is in the cluster's silo metadata.</summary>
public static class SiloFacts
{
    /// <summary>Its store id, in 32 digits.</summary>
    public const string StoreKey = "siberite.store";

    /// <summary>The number of its gateway's run, in decimal.</summary>
    public const string GatewayKey = "siberite.gateway";

    /// <summary>Where its admin listener is.</summary>
    public const string AdminKey = "siberite.admin";

    /// <summary>Its name.</summary>
    public const string NameKey = "siberite.name";
}
