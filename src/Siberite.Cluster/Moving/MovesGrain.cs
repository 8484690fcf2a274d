using Orleans.Concurrency;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The way to a silo's <see cref="QueueMover"/> and <see cref="SiloDrain"/>. Owns nothing.</summary>
[Reentrant, Immovable, HomePlacement]
internal sealed class MovesGrain(LocalSilo local, LocalQueues queues, QueueMover mover, SiloDrain drain)
    : Grain, IMovesGrain, IIncomingGrainCallFilter
{
    /// <summary>A silo without its store is nobody's home, and takes part in nothing.</summary>
    Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext context)
    {
        local.ThrowUnlessHome();
        return context.Invoke();
    }

    /// <inheritdoc/>
    public ValueTask<MoveStatus> BeginAsync(QueueName name, StoreId target)
    {
        if (LooseQueues.IsShard(queues, name))
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"Queue {name} is loose: it has a shard on every silo.", inner: null);
        }

        return new(mover.Begin(name, target).Status);
    }

    /// <inheritdoc/>
    public ValueTask<MoveStatus[]> ListAsync() => new(mover.List());

    /// <inheritdoc/>
    public async ValueTask<DrainStatus> DrainAsync(bool isDraining)
    {
        await drain.SetAsync(isDraining);
        return drain.GetStatus();
    }

    /// <inheritdoc/>
    public ValueTask<DrainStatus> GetDrainAsync() => new(drain.GetStatus());

    /// <inheritdoc/>
    public async ValueTask ReceiveAsync(Guid move, QueueName name, StoreId source, long createdAt)
        => await mover.ReceiveAsync(move, name, source, createdAt);

    /// <inheritdoc/>
    public async ValueTask AddAsync(Guid move, MovedItem[] items) => await mover.AddAsync(move, items);

    /// <inheritdoc/>
    public async ValueTask AddExtrasAsync(Guid move, MovedExtras extras) => await mover.AddExtrasAsync(move, extras);

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(Guid move, MovedPlace place) => await mover.CompleteAsync(move, place);

    /// <inheritdoc/>
    public async ValueTask AdoptAsync(Guid move) => await mover.AdoptAsync(move);

    /// <inheritdoc/>
    public async ValueTask EndAsync(Guid move) => await mover.EndAsync(move);

    /// <inheritdoc/>
    public ValueTask<MoveWord> AskAsync(Guid move) => new(mover.Ask(move));
}
