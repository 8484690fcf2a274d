namespace Siberite.Contracts;

/// <summary>One silo's part in moves of queues. The key is the store id, in 32 digits; it lives where the store is, or
/// nowhere.</summary>
/// <remarks>Every call may be made again when its answer was lost.</remarks>
[Alias("siberite.moves")]
public interface IMovesGrain : IGrainWithStringKey
{
    /// <summary>Begins to move a queue of this silo to another store. Does not wait for the end.</summary>
    /// <exception cref="SiberiteException">There is no such strict queue here, or it is moving already.</exception>
    [Alias("begin")]
    ValueTask<MoveStatus> BeginAsync(QueueName name, StoreId target);

    /// <summary>Moves that this silo is the source of, the last ones that ended included.</summary>
    [Alias("list")]
    ValueTask<MoveStatus[]> ListAsync();

    /// <summary>Begins to give all queues of this silo to others, or to stop doing so.</summary>
    [Alias("drain")]
    ValueTask<DrainStatus> DrainAsync(bool isDraining);

    /// <summary>How far that is.</summary>
    [Alias("get-drain")]
    ValueTask<DrainStatus> GetDrainAsync();

    /// <summary>To the target: make ready for a queue.</summary>
    [Alias("receive")]
    ValueTask ReceiveAsync(Guid move, QueueName name, StoreId source, long createdAt);

    /// <summary>To the target: items, in order. Answers when they are stored.</summary>
    [Alias("add")]
    ValueTask AddAsync(Guid move, [Immutable] MovedItem[] items);

    /// <summary>To the target: what the queue has beside its items, a part at a time. Answers when it is
    /// stored.</summary>
    [Alias("add-extras")]
    ValueTask AddExtrasAsync(Guid move, [Immutable] MovedExtras extras);

    /// <summary>To the target: all items were sent. Answers when everything is on disk.</summary>
    [Alias("complete")]
    ValueTask CompleteAsync(Guid move, [Immutable] MovedPlace place);

    /// <summary>To the target: serve the queue from now on. Answers when that is on disk.</summary>
    [Alias("adopt")]
    ValueTask AdoptAsync(Guid move);

    /// <summary>To the target: the move is over. What was not adopted goes.</summary>
    [Alias("end")]
    ValueTask EndAsync(Guid move);

    /// <summary>To the source: what has become of the move?</summary>
    [Alias("ask")]
    ValueTask<MoveWord> AskAsync(Guid move);
}

/// <summary>An item on its way to another store, as it is stored.</summary>
[GenerateSerializer, Immutable, Alias("siberite.moved-item")]
public readonly record struct MovedItem(
    [property: Id(0)] long Sequence,
    [property: Id(1)] byte[] Payload,
    [property: Id(2)] uint Flags,
    [property: Id(3)] long EnqueuedAt,
    [property: Id(4)] long ExpiresAt,
    [property: Id(5)] long AppendedBytes,
    [property: Id(6)] ushort Deliveries);

/// <summary>What a queue has beside its items, or a part of it, on its way to another store.</summary>
/// <param name="DelayedCount">How many delayed items the queue has in all.</param>
/// <param name="DelayedBytes">Their payload bytes.</param>
/// <param name="NextNumber">The number of the next one.</param>
/// <param name="Delayed">Some of them.</param>
/// <param name="Ids">Some of the ids that sets were given.</param>
/// <param name="Deliveries">How often items were opened that are not closed.</param>
[GenerateSerializer, Immutable, Alias("siberite.moved-extras")]
public sealed record MovedExtras(
    [property: Id(0)] long DelayedCount,
    [property: Id(1)] long DelayedBytes,
    [property: Id(2)] long NextNumber,
    [property: Id(3)] MovedDelayedItem[] Delayed,
    [property: Id(4)] MovedId[] Ids,
    [property: Id(5)] MovedDeliveries[] Deliveries);

/// <summary>How often an item was opened by a reader, on its way to another store.</summary>
[GenerateSerializer, Immutable, Alias("siberite.moved-deliveries")]
public readonly record struct MovedDeliveries(
    [property: Id(0)] int Reader, [property: Id(1)] long Sequence, [property: Id(2)] int Count);

/// <summary>A delayed item on its way to another store.</summary>
[GenerateSerializer, Immutable, Alias("siberite.moved-delayed-item")]
public readonly record struct MovedDelayedItem(
    [property: Id(0)] long DueAt, [property: Id(1)] long Number, [property: Id(2)] MovedItem Item);

/// <summary>An id that a set was given, on its way to another store.</summary>
[GenerateSerializer, Immutable, Alias("siberite.moved-id")]
public readonly record struct MovedId(
    [property: Id(0)] long Ordinal, [property: Id(1)] long SeenAt, [property: Id(2)] byte[] Value);

/// <summary>What a store needs to serve a queue whose items it has.</summary>
/// <param name="Position">Every item below it is closed.</param>
/// <param name="ClosedBytes">Payload bytes ever closed.</param>
/// <param name="Closed">Closed items from the position on: first and limit of each range in turn.</param>
/// <param name="Tail">The sequence of the next append.</param>
/// <param name="AppendedBytes">Payload bytes ever appended.</param>
[GenerateSerializer, Immutable, Alias("siberite.moved-place")]
public sealed record MovedPlace(
    [property: Id(0)] long Position,
    [property: Id(1)] long ClosedBytes,
    [property: Id(2)] long[] Closed,
    [property: Id(3)] long Tail,
    [property: Id(4)] long AppendedBytes)
{
    /// <summary>The queue's cursors.</summary>
    [Id(20)]
    public MovedCursor[] Cursors { get; init; } = [];
}

/// <summary>A cursor of a queue that is moved.</summary>
/// <param name="Number">Its number among the queue's readers.</param>
/// <param name="Name">Its name.</param>
/// <param name="CreatedAt">When it was made, in Unix milliseconds.</param>
/// <param name="Position">Every item below it is closed.</param>
/// <param name="ClosedBytes">Payload bytes it has closed.</param>
/// <param name="Closed">Closed items from the position on: first and limit of each range in turn.</param>
[GenerateSerializer, Immutable, Alias("siberite.moved-cursor")]
public sealed record MovedCursor(
    [property: Id(0)] int Number,
    [property: Id(1)] string Name,
    [property: Id(2)] long CreatedAt,
    [property: Id(3)] long Position,
    [property: Id(4)] long ClosedBytes,
    [property: Id(5)] long[] Closed);

/// <summary>What a source says of a move.</summary>
public enum MoveWord : byte
{
    /// <summary>It never gave the queue away by this move, and will not; or the move is over.</summary>
    Unknown = 0,

    /// <summary>The move is under way: ask again.</summary>
    UnderWay = 1,

    /// <summary>The queue is the target's.</summary>
    Departed = 2,
}

/// <summary>How far a move is.</summary>
public enum MoveStep : byte
{
    /// <summary>Items are copied while the queue is served.</summary>
    Copying = 0,

    /// <summary>The queue stands still for its last items.</summary>
    HandingOver = 1,

    /// <summary>The queue is the target's; the cluster is being told.</summary>
    Finishing = 2,

    /// <summary>It is over.</summary>
    Done = 3,

    /// <summary>It came to nothing; the queue is where it was.</summary>
    Failed = 4,
}

/// <summary>One move at a moment.</summary>
/// <param name="Name">The queue.</param>
/// <param name="Source">Where it was.</param>
/// <param name="Target">Where it goes.</param>
/// <param name="Step">How far it is.</param>
/// <param name="SentCount">Items sent so far.</param>
/// <param name="LeftCount">Items still to be sent, roughly.</param>
/// <param name="Failure">Why it failed, or what it is waiting for; <see langword="null"/> if all is well.</param>
/// <param name="Move">Tells it from all others.</param>
/// <param name="BegunAt">When it began, or went on after a restart of its source: Unix milliseconds of the source's
/// clock.</param>
[GenerateSerializer, Immutable, Alias("siberite.move-status")]
public sealed record MoveStatus(
    [property: Id(0)] string Name,
    [property: Id(1)] StoreId Source,
    [property: Id(2)] StoreId Target,
    [property: Id(3)] MoveStep Step,
    [property: Id(4)] long SentCount,
    [property: Id(5)] long LeftCount,
    [property: Id(6)] string? Failure,
    [property: Id(7)] Guid Move,
    [property: Id(8)] long BegunAt)
{
    /// <summary>Whether nothing more will come of it.</summary>
    public bool IsOver => Step is MoveStep.Done or MoveStep.Failed;
}

/// <summary>One silo's retreat at a moment.</summary>
/// <param name="Store">Its store.</param>
/// <param name="IsDraining">Whether it gives its queues away.</param>
/// <param name="IsEmpty">Whether there is nothing left: the silo can be retired.</param>
/// <param name="QueuesLeft">Queues that are still here.</param>
/// <param name="ItemsLeft">Their items, those in the hands of sessions included.</param>
/// <param name="MovedCount">Queues and shards given away so far.</param>
/// <param name="Failure">Why the last one failed; it is tried again.</param>
[GenerateSerializer, Immutable, Alias("siberite.drain-status")]
public sealed record DrainStatus(
    [property: Id(0)] StoreId Store,
    [property: Id(1)] bool IsDraining,
    [property: Id(2)] bool IsEmpty,
    [property: Id(3)] long QueuesLeft,
    [property: Id(4)] long ItemsLeft,
    [property: Id(5)] long MovedCount,
    [property: Id(6)] string? Failure);
