namespace Siberite.Contracts;

/// <summary>One queue's entry in the queue directory; the key is the queue's name. Durable before it answers.</summary>
/// <remarks>
/// Every answer that names a home has opened the queue there, in the same turn. A queue that no item was stored in yet
/// is only a name in its home's memory; as only this grain puts it there, and takes it away before it clears the
/// record, no item is ever stored in a queue that has no record. Fails with
/// <see cref="SiberiteError.QueueUnavailable"/> while the home is away.
/// </remarks>
[Alias("siberite.queue-directory")]
public interface IQueueDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Where the queue lives, or <see langword="null"/> if there is no such queue.</summary>
    [Alias("find")]
    ValueTask<ResolvedHome?> FindAsync();

    /// <summary>Where the queue lives; if there is no such queue, it is given <paramref name="proposed"/> as its
    /// home.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyQueues"/>: the proposed home is full, and no
    /// record was made.</exception>
    [Alias("open")]
    ValueTask<ResolvedHome> OpenAsync(StoreId proposed);

    /// <summary>Deletes the queue at its home, with all its items, and then its record. Unknown names are
    /// fine.</summary>
    /// <returns>Whether there was one.</returns>
    [Alias("delete")]
    ValueTask<bool> DeleteAsync();
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
/// <param name="Stores">Its home stores; exactly one for a strict queue.</param>
/// <param name="CreatedAt">When the record was made, in Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-home")]
public sealed record QueueHome(
    [property: Id(0)] QueueMode Mode, [property: Id(1)] StoreId[] Stores, [property: Id(2)] long CreatedAt);

/// <summary>A queue's home as it was just reached.</summary>
/// <param name="Home">The record.</param>
/// <param name="Run">The run of the home's silo that opened the queue.</param>
[GenerateSerializer, Immutable, Alias("siberite.resolved-home")]
public sealed record ResolvedHome([property: Id(0)] QueueHome Home, [property: Id(1)] long Run);
