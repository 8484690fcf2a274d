using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>One queue's home record. Durable before any call answers that it is there, or gone.</summary>
/// <remarks>
/// Not reentrant: a second call finds the first one's write done, or undone. Gateways remember the answer, so an
/// activation has served its purpose soon; but not deactivated after each call, which would reject calls of other
/// gateways that come at the same time.
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
    public async ValueTask<ResolvedHome?> FindAsync()
    {
        if (record.RecordExists)
        {
            return await ReachAsync();
        }

        DeactivateOnIdle(); // Names that somebody makes up must not fill memory.
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<ResolvedHome> OpenAsync(StoreId proposed)
    {
        if (!record.RecordExists)
        {
            // The queue first, in memory only: a home that is full, or away, refuses before there is a record.
            var run = await GrainCallFailure.TranslateAsync(QueueAt(proposed).OpenAsync(), Name);
            record.State = new QueueHomeState
            {
                Mode = QueueMode.Strict,
                Stores = [proposed.Value],
                CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            await ChangeAsync(record.WriteStateAsync);
            LogCreated(log, this.GetPrimaryKeyString(), proposed);
            return new ResolvedHome(record.State.ToHome(), run);
        }

        return await ReachAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync()
    {
        var wasThere = record.RecordExists;
        if (wasThere)
        {
            foreach (var store in record.State.ToHome().Stores)
            {
                await GrainCallFailure.TranslateAsync(QueueAt(store).DeleteAsync(), Name);
            }

            await ChangeAsync(record.ClearStateAsync);
            LogDeleted(log, this.GetPrimaryKeyString());
        }

        return wasThere;
    }

    private async Task ChangeAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch
        {
            DeactivateOnIdle(); // What is stored is unknown now; the next activation reads it.
            throw;
        }
    }

    private QueueName Name => QueueName.Parse(this.GetPrimaryKeyString());

    private IQueueGrain QueueAt(StoreId store)
        => GrainFactory.GetGrain<IQueueGrain>(new QueueAddress(Name, store).ToKey());

    /// <summary>Opens the queue at its home. That this is done in the directory's turn, and nowhere else, keeps a
    /// queue that is being deleted from coming back without a record.</summary>
    private async Task<ResolvedHome> ReachAsync()
    {
        var home = record.State.ToHome();
        var run = home is { Mode: QueueMode.Strict, Stores: [var store] }
            ? await GrainCallFailure.TranslateAsync(QueueAt(store).OpenAsync(), Name)
            : 0;
        return new ResolvedHome(home, run);
    }
}
