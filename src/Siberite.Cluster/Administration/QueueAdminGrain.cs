using Orleans.Concurrency;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The operators' way to one queue of this silo. Owns nothing.</summary>
[Reentrant, Immovable, HomePlacement]
internal sealed class QueueAdminGrain(
    IGrainContext context, LocalSilo local, LocalQueues queues, RunTimeSettings settings, QueueRedrive redrive)
    : Grain, IQueueAdminGrain, IIncomingGrainCallFilter
{
    private readonly QueueName _name = QueueAddress.Parse(context.GrainId.Key.ToString()!).Name;

    /// <summary>A silo without its store is nobody's home.</summary>
    Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext call)
    {
        local.ThrowUnlessHome();
        return call.Invoke();
    }

    /// <inheritdoc/>
    public async ValueTask PersistAsync()
    {
        if (queues.FindOpened(_name) is { } queue)
        {
            await queues.Commits.WaitAsync(queue.Persist() with { Level = CommitLevel.Synced });
        }
    }

    /// <inheritdoc/>
    public async ValueTask ConfigureAsync(Dictionary<string, string> values)
        => await settings.ReplaceAsync(_name, values);

    /// <inheritdoc/>
    public ValueTask<EffectiveSetting[]> ExplainAsync() => new([.. queues.Settings.Snapshot.Explain(_name)]);

    /// <inheritdoc/>
    public async ValueTask<ItemPage> InspectAsync(long first, int maxCount, int maxBytes)
    {
        if (queues.Find(_name) is not { } queue)
        {
            return new ItemPage([], Next: null); // Nothing was ever stored in it.
        }

        // What is shown has been committed, as any reply.
        await queues.Commits.WaitAsync(queue.LastAppend);
        var next = 0L;
        var found = await Task.Run(() => queue.Inspect(first, maxCount, maxBytes, out next));
        return new ItemPage(
            Array.ConvertAll([.. found], item => Show(queue, item)),
            next == 0 ? null : new ItemPlace(queues.StoreId, next));
    }

    /// <inheritdoc/>
    public async ValueTask<RedriveResult> RedriveAsync(QueueName target, int maxCount)
        => queues.Find(_name) is { } queue
            ? await redrive.RunAsync(queue, target, maxCount)
            : new RedriveResult(0, IsOver: true, Trouble: null);

    private InspectedItem Show(Queue queue, StoredItem item)
        => new(
            queues.StoreId, item.Header.Sequence, item.Payload, item.Header.Flags, item.Header.EnqueuedAt,
            item.Header.ExpiresAt, item.Header.Deliveries, queue.IsHeld(item.Header.Sequence));
}
