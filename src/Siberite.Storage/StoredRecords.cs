using MemoryPack;

namespace Siberite.Storage;

/// <summary>A queue's record as stored. Members are never removed, renumbered or retyped; new ones get the next
/// number.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredQueueRecord
{
    [MemoryPackOrder(0)]
    public string Name { get; set; } = "";

    [MemoryPackOrder(1)]
    public long CreatedAt { get; set; }
}

/// <summary>A cursor's record as stored. The same rules hold.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredCursorRecord
{
    [MemoryPackOrder(0)]
    public string Name { get; set; } = "";

    [MemoryPackOrder(1)]
    public long CreatedAt { get; set; }
}

/// <summary>What is known of a queue's delayed items, as stored. The same rules hold.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredDelayedState
{
    [MemoryPackOrder(0)]
    public long Count { get; set; }

    [MemoryPackOrder(1)]
    public long Bytes { get; set; }

    [MemoryPackOrder(2)]
    public long NextNumber { get; set; }
}

/// <summary>A reader's place as stored. The same rules hold.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredReaderState
{
    [MemoryPackOrder(0)]
    public long Position { get; set; }

    [MemoryPackOrder(1)]
    public long ClosedBytes { get; set; }

    [MemoryPackOrder(2)]
    public ReadOnlyMemory<long> Closed { get; set; }
}
