using Siberite.Contracts;

namespace Siberite.Cluster;

// Loose queues. The mode is that of the directory's record; the setting counts for a queue that has none.
internal sealed partial class QueueRouter
{
    private static void ThrowIfChild(QueueName name)
    {
        if (name.IsChild)
        {
            throw new SiberiteException(
                SiberiteError.NotForThisQueue, $"Queue {name.Parent} is loose: it cannot have children.", inner: null);
        }
    }

    private bool IsLoose(QueueName name)
        => _queues.Settings.Of(name).Mode == QueueMode.Loose
            || (_queues.Find(name) is not null && LooseQueues.IsShard(_queues, name));

    private async ValueTask<ResolvedHome> OpenLooseAsync(
        IQueueDirectoryGrain directory, QueueName name, StoreId? beside)
    {
        var store = beside ?? _loose.ProposeHome();
        try
        {
            return await GrainCallFailure.FromDirectoryAsync(() => directory.OpenLooseAsync(store), name);
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.DirectoryUnavailable
            && _queues.Find(name) is not null && LooseQueues.IsShard(_queues, name))
        {
            // It has items here, so it has a record with this store in it.
            return new ResolvedHome(new QueueHome(QueueMode.Loose, [_queues.StoreId], CreatedAt: 0), Run: 0);
        }
    }

    /// <summary>Sees to it that a loose queue that was opened here has a shard in a store.</summary>
    private async ValueTask<StoreId> OpenShardAsync(QueueName name, StoreId store)
    {
        if (store != _queues.StoreId)
        {
            await OpenLooseAsync(DirectoryOf(name), name, store);
        }

        return store;
    }

    /// <param name="name">The queue.</param>
    /// <param name="home">Its record.</param>
    /// <param name="isOpened">Whether the directory was asked to open a shard. Whoever only looks does not make this
    /// silo one of the queue's homes.</param>
    /// <returns><see langword="null"/> if the shard has been taken out of this silo's engine again.</returns>
    private LooseQueue? ResolveLoose(QueueName name, QueueHome home, bool isOpened)
    {
        var isJoined = isOpened && home.Stores.Contains(_queues.StoreId);
        if (isJoined && _queues.FindOpened(name) is null)
        {
            return null;
        }

        var queue = _loose.Open(name, isJoined);
        _resolved[name] = queue;
        LogResolved(_log, name.Value, _queues.StoreId);
        return queue;
    }
}
