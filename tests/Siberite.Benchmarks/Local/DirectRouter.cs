using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Benchmarks.Local;

/// <summary>The router's short way and nothing else: from the bytes of a name straight to the engine.</summary>
internal sealed class DirectRouter : IQueueRouter
{
    private readonly LocalQueues _queues;
    private readonly ConcurrentDictionary<QueueName, IQueue> _resolved = new(QueueNameComparer.Instance);
    private readonly ConcurrentDictionary<QueueName, IQueue>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    /// <param name="queues">The engine.</param>
    /// <param name="resolved">A queue that the gateway has used before.</param>
    public DirectRouter(LocalQueues queues, IQueue resolved)
    {
        _queues = queues;
        _resolved[resolved.Name] = resolved;
        _byBytes = _resolved.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public ICommitLog Commits => _queues.Commits;

    public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
        => _byBytes.TryGetValue(name, out queue);

    public ValueTask<IQueue?> FindAsync(QueueName name) => new(_queues.Find(name));

    public ValueTask<IQueue> FindForWaitAsync(QueueName name) => new(_queues.FindForWait(name));

    public ValueTask<IQueue> OpenAsync(QueueName name) => new(_resolved.GetOrAdd(name, _queues.Open));

    public ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
        => new(_queues.AppendToAll(names, draft));

    public ValueTask<Commit> DeleteAsync(QueueName name) => new(_queues.Delete(name));

    public ValueTask<Commit> PurgeAllAsync() => new(_queues.PurgeAll());

    public ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope)
        => new(new ClusterStats(_queues.GetStats(name), []));
}
