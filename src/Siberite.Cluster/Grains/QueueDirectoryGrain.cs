using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

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
    IQueueSettingReader reader,
    LocalSilo local,
    LocalQueues queues,
    ClusterView view,
    IOptions<ClusterOptions> options,
    TimeProvider time,
    ILogger<QueueDirectoryGrain> log)
    : Grain, IQueueDirectoryGrain
{
    /// <summary>The grain storage that keeps the records: the local store when standalone.</summary>
    public const string StorageName = "queue-directory";

    /// <summary>How long a home that did not answer is not asked again. 1 s: those that have queued up behind the call
    /// that found out are told at once, where each would wait for a time-out of its own.</summary>
    internal static readonly TimeSpan SilenceMemory = TimeSpan.FromSeconds(1);

    private (StoreId Store, long At)? _silent; // The home that did not answer last, and when, by the clock's own ticks.

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
        if (local.IsAlone)
        {
            DeactivateOnIdle(); // The one gateway there is will not ask again, and may make very many queues.
        }

        if (!record.RecordExists)
        {
            proposed = await HomeFromParentAsync(proposed);

            // The queue first, in memory only: a home that is full, or away, refuses before there is a record.
            var run = await OpenAtAsync(proposed);
            record.State = NewRecord(QueueMode.Strict, proposed);
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
            // The home of a queue with children stays known: theirs is the same, and what comes must reach them.
            if (await DeleteAtAllAsync(record.State.ToHome().Stores))
            {
                await ChangeAsync(record.ClearStateAsync);
                LogDeleted(log, this.GetPrimaryKeyString());
            }
        }

        return wasThere;
    }

    /// <inheritdoc/>
    public async ValueTask DeleteOutlivedAsync(StoreId store)
    {
        var isHome = record.RecordExists && record.State.Stores.Contains(store.Value);
        if (record.RecordExists && !isHome)
        {
            return; // It has just moved there, or away.
        }

        var mayForget = await GrainCallFailure.TranslateAsync(QueueAt(store).DeleteOutlivedAsync(), Name);
        if (!mayForget || !isHome)
        {
            return;
        }

        record.State.Remove(store);
        if (record.State.Stores.Length > 0)
        {
            await ChangeAsync(record.WriteStateAsync);
        }
        else
        {
            await ChangeAsync(record.ClearStateAsync);
            LogDeleted(log, this.GetPrimaryKeyString());
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ResolvedHome> OpenLooseAsync(StoreId store)
    {
        if (record.RecordExists && record.State.Mode != QueueMode.Loose)
        {
            return await ReachAsync(); // The setting changed after the queue was made.
        }

        await GrainCallFailure.TranslateAsync(QueueAt(store).OpenShardAsync(), Name);
        if (!record.RecordExists)
        {
            record.State = NewRecord(QueueMode.Loose, store);
            await ChangeAsync(record.WriteStateAsync);
            LogCreated(log, this.GetPrimaryKeyString(), store);
        }
        else if (!record.State.Stores.Contains(store.Value))
        {
            await TellSettingsAsync(store); // First: no item of its shard is handled by other ones.
            record.State.Stores = [.. record.State.Stores, store.Value];
            await ChangeAsync(record.WriteStateAsync);
        }

        return new ResolvedHome(record.State.ToHome(), Run: 0);
    }

    /// <inheritdoc/>
    public async ValueTask LeaveLooseAsync(StoreId store)
    {
        if (record.RecordExists && record.State.Mode == QueueMode.Loose && record.State.Stores.Contains(store.Value))
        {
            record.State.Remove(store);
            await ChangeAsync(record.WriteStateAsync);
        }
    }

    /// <inheritdoc/>
    public async ValueTask MoveAsync(StoreId source, StoreId target)
    {
        if (record.RecordExists && record.State.Stores is [var home] && home == target.Value)
        {
            return;
        }

        if (record.RecordExists && !(record.State.Stores is [var old] && old == source.Value))
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"Queue {Name} is at home in neither store of its move.", inner: null);
        }

        await TellSettingsAsync(target);
        var moved = NewRecord(QueueMode.Strict, target);
        moved.CreatedAt = record.RecordExists ? record.State.CreatedAt : moved.CreatedAt;
        moved.Settings = record.RecordExists ? record.State.Settings : null;
        record.State = moved;
        await ChangeAsync(record.WriteStateAsync);
        LogMoved(log, this.GetPrimaryKeyString(), target);
    }

    private QueueHomeState NewRecord(QueueMode mode, StoreId store)
        => new() { Mode = mode, Stores = [store.Value], CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() };

    /// <summary>At every home that can be reached; one that is away does not keep the others' items.</summary>
    /// <returns>Whether the record may go.</returns>
    private async Task<bool> DeleteAtAllAsync(StoreId[] stores)
    {
        var mayForget = true;
        SiberiteException? refusal = null;
        foreach (var store in stores)
        {
            try
            {
                mayForget &= await GrainCallFailure.TranslateAsync(QueueAt(store).DeleteAsync(), Name);
            }
            catch (SiberiteException e)
            {
                refusal = e;
            }
        }

        if (refusal is not null)
        {
            throw refusal;
        }

        return mayForget;
    }

    /// <summary>A child lives where its parent does, which gets a home by that if it has none: what is set into the
    /// parent goes to both in one commit.</summary>
    private async Task<StoreId> HomeFromParentAsync(StoreId proposed)
    {
        if (Name.Parent is not { } parent)
        {
            return proposed;
        }

        var directory = GrainFactory.GetGrain<IQueueDirectoryGrain>(parent.Value);
        var resolved = await GrainCallFailure.TranslateAsync(directory.OpenAsync(proposed), parent);
        return resolved.Home is { Mode: QueueMode.Strict, Stores: [var store] }
            ? store
            : throw new SiberiteException(
                SiberiteError.NotForThisQueue, $"Queue {parent} is loose: it cannot have children.", inner: null);
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
            ? await OpenAtAsync(store)
            : 0;
        return new ResolvedHome(home, run);
    }

    private async Task<long> OpenAtAsync(StoreId store)
    {
        if (_silent is { } silent && silent.Store == store && time.GetElapsedTime(silent.At) < SilenceMemory)
        {
            throw view.Unavailable(store);
        }

        await view.CheckHomeAsync(store);
        try
        {
            if (local.IsAlone && options.Value.LocalRoute == QueueRoute.Direct)
            {
                queues.Open(Name); // Nobody calls the queue's grain, so it need not be there.
                return local.Run;
            }

            return await QueueAt(store).OpenAsync();
        }
        catch (Exception e) when (GrainCallFailure.From(e, Name) is { } failure)
        {
            _silent = failure.IsUnknown ? (store, time.GetTimestamp()) : null;
            throw failure.AsUnavailable(Name);
        }
    }
}
