using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>One queue's home record. Durable before any call answers that it is there, or gone.</summary>
/// <remarks>Not reentrant: a second call finds the first one's write done, or undone.</remarks>
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
    public ValueTask<QueueHome?> FindAsync() => new(record.RecordExists ? record.State.ToHome() : null);

    /// <inheritdoc/>
    public async ValueTask<QueueHome> OpenAsync(StoreId proposed)
    {
        if (!record.RecordExists)
        {
            record.State = new QueueHomeState
            {
                Mode = QueueMode.Strict,
                Stores = [proposed.Value],
                CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            await ChangeAsync(record.WriteStateAsync);
            LogCreated(log, this.GetPrimaryKeyString(), proposed);
        }

        return record.State.ToHome();
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync()
    {
        if (record.RecordExists)
        {
            await ChangeAsync(record.ClearStateAsync);
            LogDeleted(log, this.GetPrimaryKeyString());
        }
    }

    private async Task ChangeAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch
        {
            // What is stored now is unknown: the next activation reads it.
            DeactivateOnIdle();
            throw;
        }
    }
}
