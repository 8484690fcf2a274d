using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>What all remote queues of a gateway share.</summary>
/// <param name="gateway">Tells homes whose sessions call.</param>
/// <param name="time">The clock.</param>
/// <param name="onGone">Called when a queue's home says that the queue is gone, or is away itself: it may have
/// moved.</param>
/// <param name="nameOf">The name of the silo with a store, if it is known.</param>
/// <param name="checkHome">Throws when no active silo has the store.</param>
/// <param name="log">Where to.</param>
internal sealed class GrainQueueParts(
    GatewayAddress gateway, TimeProvider time, Action<GrainQueue> onGone, Func<StoreId, string?> nameOf,
    Func<StoreId, ValueTask> checkHome, ILogger log)
{
    private long _lastNumber;

    public GatewayAddress Gateway => gateway;

    public TimeProvider Time => time;

    public ILogger Log => log;

    /// <summary>Numbers senders and calls: one row for all, so that the number of a call grows whoever sends
    /// it.</summary>
    public long NextNumber() => Interlocked.Increment(ref _lastNumber);

    public void OnGone(GrainQueue queue) => onGone(queue);

    public string? NameOf(StoreId store) => nameOf(store);

    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: no active silo has the
    /// store.</exception>
    public ValueTask CheckHomeAsync(StoreId store) => checkHome(store);
}
