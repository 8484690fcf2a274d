namespace Siberite.Contracts;

/// <summary>Where silos tell each other of their shards of loose queues. The key is the store id, in 32 digits; it
/// lives where the store is, or nowhere.</summary>
/// <remarks>What is told here makes takes quick, and is never needed for them to be right: it may be lost or
/// late.</remarks>
[Alias("siberite.shards")]
public interface IShardsGrain : IGrainWithStringKey
{
    /// <summary>Items wait in shards of another silo. Nobody waits for the answer.</summary>
    /// <param name="store">The shards' store.</param>
    /// <param name="news">One for each of them that has something to tell.</param>
    [Orleans.Concurrency.OneWay, Alias("hear")]
    ValueTask HearAsync(StoreId store, [Immutable] ShardNews[] news);

    /// <summary>How many items wait in this silo's shards.</summary>
    /// <param name="asker">The store of the silo that asks.</param>
    /// <param name="queries">The queues it uses.</param>
    /// <returns>One count for each of them.</returns>
    [Alias("count")]
    ValueTask<long[]> CountAsync(StoreId asker, [Immutable] ShardQuery[] queries);

    /// <summary>Sessions of another silo wait for items of these queues.</summary>
    /// <param name="asker">The store of that silo.</param>
    /// <param name="names">The queues.</param>
    [Orleans.Concurrency.OneWay, Alias("expect")]
    ValueTask ExpectAsync(StoreId asker, [Immutable] QueueName[] names);
}

/// <summary>Items wait in a shard.</summary>
/// <param name="Name">The queue.</param>
/// <param name="ItemCount">How many there are, above 0.</param>
/// <param name="IsInvitation">Whether sessions that wait should come for them now, or leave them to others
/// first.</param>
[GenerateSerializer, Immutable, Alias("siberite.shard-news")]
public readonly record struct ShardNews(
    [property: Id(0)] QueueName Name, [property: Id(1)] long ItemCount, [property: Id(2)] bool IsInvitation);

/// <summary>A silo asks how many items a shard has.</summary>
/// <param name="Name">The queue.</param>
/// <param name="IsExpected">Whether sessions of the asker wait for items of it.</param>
[GenerateSerializer, Immutable, Alias("siberite.shard-query")]
public readonly record struct ShardQuery([property: Id(0)] QueueName Name, [property: Id(1)] bool IsExpected);
