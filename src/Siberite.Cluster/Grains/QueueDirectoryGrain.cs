using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>One queue's home record. Durable before any call answers that it is there, or gone.</summary>
/// <remarks>
/// Not reentrant: a second call finds the first one's write done, or undone. Deactivated after each call: gateways
/// remember the answer, and 100,000 queues that are opened in a row should not leave 100,000 activations.
/// </remarks>
[PreferLocalPlacement]
internal sealed partial class QueueDirectoryGrain(
    [PersistentState("home", QueueDirectoryGrain.StorageName)] IPersistentState<QueueHomeState> record,
    TimeProvider time,
    ILogger<QueueDirectoryGrain> log)
    : Grain, IQueueDirectoryGrain
{
    /// <summary>The grain storage that keeps the records: the local store when standalone.</summary>
    public const string StorageName = "queue-directory";

    /// <inheritdoc/>
    public ValueTask<QueueHome?> FindAsync()
    {
        DeactivateOnIdle();
        return new(record.RecordExists ? record.State.ToHome() : null);
    }

    /// <inheritdoc/>
    public async ValueTask<QueueHome> OpenAsync(StoreId proposed)
    {
        DeactivateOnIdle();
        if (!record.RecordExists)
        {
            record.State = new QueueHomeState
            {
                Mode = QueueMode.Strict,
                Stores = [proposed.Value],
                CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            await record.WriteStateAsync();
            LogCreated(log, this.GetPrimaryKeyString(), proposed);
        }

        return record.State.ToHome();
    }

    /// <inheritdoc/>
    public async ValueTask<QueueHome> OpenLooseAsync(StoreId store)
    {
        DeactivateOnIdle();
        if (!record.RecordExists)
        {
            record.State = new QueueHomeState
            {
                Mode = QueueMode.Loose,
                Stores = [store.Value],
                CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            await record.WriteStateAsync();
            LogCreated(log, this.GetPrimaryKeyString(), store);
        }
        else if (record.State.Mode == QueueMode.Loose && !record.State.Stores.Contains(store.Value))
        {
            record.State.Stores = [.. record.State.Stores, store.Value];
            await record.WriteStateAsync();
        }

        return record.State.ToHome();
    }

    /// <inheritdoc/>
    public async ValueTask LeaveLooseAsync(StoreId store)
    {
        DeactivateOnIdle();
        if (record.RecordExists && record.State.Mode == QueueMode.Loose && record.State.Stores.Contains(store.Value))
        {
            record.State.Stores = [.. record.State.Stores.Where(other => other != store.Value)];
            await record.WriteStateAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask MoveAsync(StoreId source, StoreId target)
    {
        DeactivateOnIdle();
        var isThere = record.RecordExists && record.State.Stores is [var home] && home == target.Value;
        if (isThere)
        {
            return;
        }

        if (record.RecordExists && !(record.State.Stores is [var old] && old == source.Value))
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable,
                $"Queue {this.GetPrimaryKeyString()} is at home in neither store of its move.",
                inner: null);
        }

        record.State = new QueueHomeState
        {
            Mode = QueueMode.Strict,
            Stores = [target.Value],
            CreatedAt = record.RecordExists ? record.State.CreatedAt : time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        await record.WriteStateAsync();
        LogMoved(log, this.GetPrimaryKeyString(), target);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync()
    {
        DeactivateOnIdle(); // Also when the write fails: what is stored then is unknown, the next activation reads it.
        if (record.RecordExists)
        {
            await record.ClearStateAsync();
            LogDeleted(log, this.GetPrimaryKeyString());
        }
    }
}
