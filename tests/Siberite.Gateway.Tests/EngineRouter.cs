using System.Diagnostics.CodeAnalysis;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Gateway.Tests;

/// <summary>Routes straight to an engine, without grains.</summary>
internal sealed class EngineRouter(LocalQueues queues) : IQueueRouter
{
    public ICommitLog Commits => queues.Commits;

    public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
    {
        queue = queues.Find(QueueName.Parse(name));
        return queue is not null;
    }

    public ValueTask<IQueue?> FindAsync(QueueName name) => new(queues.Find(name));

    public ValueTask<IQueue> FindForWaitAsync(QueueName name) => new(queues.FindForWait(name));

    public ValueTask<IQueue> OpenAsync(QueueName name) => new(queues.Open(name));

    public ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
        => new(queues.AppendToAll(names, draft));

    public ValueTask<Commit> DeleteAsync(QueueName name) => new(queues.Delete(name));

    public ValueTask<Commit> PurgeAllAsync() => new(queues.PurgeAll());

    public ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope)
        => new(new ClusterStats(
            queues.GetStats(name),
            [
                new SiloStats(
                    queues.StoreId, "test", IsAway: false, IsDraining: false, queues.QueueCount, queues.ItemCount,
                    Report: null)
                {
                    Counters = new SiloCounters(Clients: null, queues.GetCounters()),
                },
            ]));
}
