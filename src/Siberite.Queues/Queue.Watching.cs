namespace Siberite.Queues;

/// <summary>Hears of a queue that has items nobody on this silo waits for.</summary>
public interface IQueueWatcher
{
    /// <summary>Items wait. Called after every append or return that leaves some waiting, under the queue's gate: it
    /// must be quick and must not call the queue.</summary>
    /// <param name="itemCount">How many wait.</param>
    void OnAvailable(long itemCount);
}

// Telling others that there is something to take. Costs a queue that nobody watches one comparison per append.
public sealed partial class Queue
{
    private IQueueWatcher? _watcher;

    /// <summary>Items that wait: neither open nor closed.</summary>
    public long WaitingCount => ItemCount;

    /// <summary>Whether the store knows the queue.</summary>
    public bool Exists => IsStored;

    /// <summary>Whether it was deleted, or let go of unused: look it up again.</summary>
    public bool HasEnded => IsGone;

    /// <summary>Whether somebody is told of its items.</summary>
    public bool IsWatched => Volatile.Read(ref _watcher) is not null;

    /// <summary>Has <paramref name="watcher"/> told from now on, and at once if items wait. Replaces an earlier
    /// one.</summary>
    public void Watch(IQueueWatcher watcher)
    {
        lock (_gate)
        {
            _watcher = watcher;
            TellWatcher();
        }
    }

    internal void TellWatcher()
    {
        if (_watcher is not null && _main.ItemCount > 0)
        {
            _watcher.OnAvailable(_main.ItemCount);
        }
    }
}
