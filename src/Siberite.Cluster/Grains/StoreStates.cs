using MemoryPack;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A store's record as it is stored. Members are only ever added, with the next order.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoreState
{
    /// <summary>The silo's address in its parsable form.</summary>
    [MemoryPackOrder(0)]
    public string Silo { get; set; } = "";

    [MemoryPackOrder(1)]
    public string Name { get; set; } = "";

    [MemoryPackOrder(2)]
    public long ClaimNumber { get; set; }

    /// <summary>Unix milliseconds.</summary>
    [MemoryPackOrder(3)]
    public long ClaimedAt { get; set; }

    /// <summary>The membership in which the silo was a member when it claimed.</summary>
    [MemoryPackOrder(4)]
    public long MembershipVersion { get; set; }

    [MemoryPackOrder(5)]
    public bool IsDraining { get; set; }

    [MemoryPackOrder(6)]
    public long QueueCount { get; set; }

    [MemoryPackOrder(7)]
    public long ItemCount { get; set; }

    public SiloAddress ToAddress() => SiloAddress.FromParsableString(Silo);

    public StoreRecord ToRecord(StoreId store)
        => new(store, ToAddress(), Name, ClaimNumber, ClaimedAt, IsDraining, QueueCount, ItemCount);
}

/// <summary>The list of stores as it is stored. Members are only ever added, with the next order.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoreListState
{
    [MemoryPackOrder(0)]
    public Guid[] Stores { get; set; } = [];
}
