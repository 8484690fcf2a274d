using Orleans.Concurrency;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>This silo, for those who know its address.</summary>
[Reentrant, Immovable, SiloPlacement]
internal sealed class SiloGrain(LocalSilo local, TimeProvider time) : Grain, ISiloGrain
{
    /// <summary>How long an introduction waits for the claim: well within its time-out.</summary>
    private static readonly TimeSpan ClaimTimeout = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public ValueTask PingAsync() => default;

    /// <inheritdoc/>
    public async ValueTask<SiloReport?> IntroduceAsync()
    {
        await Task.WhenAny(local.Claimed, Task.Delay(ClaimTimeout, time));
        return local.HasStore ? local.Report : null;
    }
}

/// <summary>All queues of this silo.</summary>
[Reentrant, Immovable, HomePlacement]
internal sealed class SiloQueuesGrain(LocalSilo local, LocalQueues queues, CounterBoard counters)
    : Grain, ISiloQueuesGrain
{
    /// <inheritdoc/>
    public ValueTask<QueueStats[]> GetStatsAsync(QueueName? name)
    {
        local.ThrowUnlessHome();
        return new([.. queues.GetStats(name)]);
    }

    /// <inheritdoc/>
    public ValueTask<SiloCounters> GetCountersAsync()
    {
        local.ThrowUnlessHome();
        return new(counters.Read());
    }

    /// <inheritdoc/>
    public async ValueTask PurgeAllAsync()
    {
        local.ThrowUnlessHome();
        await queues.Commits.WaitAsync(queues.PurgeAll());
    }

    /// <inheritdoc/>
    public async ValueTask<AppendStatus> AppendToAllAsync(QueueName[] names, QueueCommand append)
    {
        local.ThrowUnlessHome();
        var result = queues.AppendToOpened(names, AppendCommands.DraftOf(append));
        await queues.Commits.WaitAsync(result.Commit);
        return result.Status;
    }
}
