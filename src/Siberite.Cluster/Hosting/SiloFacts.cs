namespace Siberite.Cluster;

/// <summary>What a silo tells the others about itself: the keys of its metadata.</summary>
/// <remarks>Silos of different versions read each other's: keys are added, never changed. A fact that a silo does not
/// know is left out.</remarks>
public static class SiloFacts
{
    /// <summary>Its store id: the home of its queues. Always told.</summary>
    public const string StoreKey = "siberite.store";

    /// <summary>The number of its gateway's present run, decimal: the first half of its sessions' ids.</summary>
    public const string GatewayKey = "siberite.gateway";

    /// <summary>Address and port of its pages as others reach them; left out when it listens on any free
    /// port.</summary>
    public const string AdminKey = "siberite.admin";

    /// <summary>What people call it. Always told.</summary>
    public const string NameKey = "siberite.name";
}
