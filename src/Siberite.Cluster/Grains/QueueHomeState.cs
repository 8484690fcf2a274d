using MemoryPack;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A queue's home record as it is stored. Members are only ever added, with the next order.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class QueueHomeState
{
    [MemoryPackOrder(0)]
    public QueueMode Mode { get; set; }

    /// <summary>The store ids. Never empty in a record that exists.</summary>
    [MemoryPackOrder(1)]
    public Guid[] Stores { get; set; } = [];

    /// <summary>Unix milliseconds.</summary>
    [MemoryPackOrder(2)]
    public long CreatedAt { get; set; }

    /// <summary>What the queue is told at run time, by key.</summary>
    [MemoryPackOrder(3)]
    public Dictionary<string, string>? Settings { get; set; }

    public void Remove(StoreId store) => Stores = [.. Stores.Where(other => other != store.Value)];

    public QueueHome ToHome() => new(Mode, Array.ConvertAll(Stores, store => new StoreId(store)), CreatedAt);
}
