namespace Siberite.Contracts;

/// <summary>One queue's entry in the queue directory; the key is the queue's name. Durable before it answers.</summary>
[Alias("siberite.queue-directory")]
public interface IQueueDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Where the queue lives, or <see langword="null"/> if there is no such queue.</summary>
    [Alias("find")]
    ValueTask<QueueHome?> FindAsync();

    /// <summary>Where the queue lives; if there is no such queue, it is given <paramref name="proposed"/> as its
    /// home.</summary>
    [Alias("open")]
    ValueTask<QueueHome> OpenAsync(StoreId proposed);

    /// <summary>Where the queue lives; if there is no such queue, it is made a loose one. A loose queue gets
    /// <paramref name="store"/> among its homes.</summary>
    [Alias("open-loose")]
    ValueTask<QueueHome> OpenLooseAsync(StoreId store);

    /// <summary>Takes a store off a loose queue's homes: it has no items of it and is given none.</summary>
    [Alias("leave-loose")]
    ValueTask LeaveLooseAsync(StoreId store);

    /// <summary>Gives a strict queue, which moved from one store to another, its new home. Fine if it has it
    /// already.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the queue has a third
    /// home.</exception>
    [Alias("move")]
    ValueTask MoveAsync(StoreId source, StoreId target);

    /// <summary>Forgets the queue.</summary>
    [Alias("delete")]
    ValueTask DeleteAsync();
}

/// <summary>How a queue is spread over silos.</summary>
public enum QueueMode : byte
{
    /// <summary>One home, strict FIFO through any silo.</summary>
    Strict = 0,

    /// <summary>One shard per silo, each strictly FIFO.</summary>
    Loose = 1,
}

/// <summary>A queue's home record.</summary>
/// <param name="Mode">Strict or loose.</param>
/// <param name="Stores">Its home stores: exactly one for a strict queue; for a loose one those that were ever given
/// items.</param>
/// <param name="CreatedAt">When the record was made, in Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-home")]
public sealed record QueueHome(
    [property: Id(0)] QueueMode Mode, [property: Id(1)] StoreId[] Stores, [property: Id(2)] long CreatedAt);
