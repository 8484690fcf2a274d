using Orleans.Concurrency;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>This silo's end of what silos tell each other of their shards. Owns nothing.</summary>
[Reentrant, Immovable, HomePlacement]
internal sealed class ShardsGrain(LocalSilo local, LocalQueues queues, LooseQueues loose, ShardHerald herald)
    : Grain, IShardsGrain, IIncomingGrainCallFilter
{
    /// <summary>A silo without its store is nobody's home, and takes part in nothing.</summary>
    Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext context)
    {
        local.ThrowUnlessHome();
        return context.Invoke();
    }

    /// <inheritdoc/>
    public ValueTask HearAsync(StoreId store, ShardNews[] news)
    {
        loose.Hear(store, news);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<long[]> CountAsync(StoreId asker, ShardQuery[] queries)
        => new(Array.ConvertAll(queries, query => Count(asker, query)));

    /// <inheritdoc/>
    public ValueTask ExpectAsync(StoreId asker, QueueName[] names)
    {
        foreach (var name in names)
        {
            herald.NoteExpectation(asker, name);
        }

        return default;
    }

    private long Count(StoreId asker, ShardQuery query)
    {
        if (queues.Find(query.Name) is not { } shard)
        {
            return 0;
        }

        herald.Watch(shard); // No session here may have used it since the start.
        if (query.IsExpected)
        {
            herald.NoteExpectation(asker, query.Name);
        }

        var count = shard.WaitingCount;
        if (count == 0)
        {
            herald.NoteFoundEmpty(query.Name);
        }

        return count;
    }
}
