using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Has queues that their settings end deleted together with their home records.</summary>
/// <remarks>By the directory, in a turn that excludes everybody who looks such a queue up. One after the other: ends
/// come in crowds, and nobody waits for them. What fails is found again by the next sweep.</remarks>
internal sealed partial class OutlivedQueues(LocalQueues queues, IGrainFactory grains, ILogger<OutlivedQueues> log)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private int _isRunning;
    private volatile bool _isStopping;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(OutlivedQueues),
            ServiceLifecycleStage.Active,
            _ =>
            {
                queues.Outlived = Begin;
                return Task.CompletedTask;
            },
            _ =>
            {
                _isStopping = true;
                return Task.CompletedTask;
            });

    /// <summary>Ends them unless an earlier crowd is not done yet.</summary>
    private void Begin(IReadOnlyList<QueueName> outlived)
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = Task.Run(() => DeleteAsync(outlived));
        }
    }

    private async Task DeleteAsync(IReadOnlyList<QueueName> outlived)
    {
        try
        {
            foreach (var name in outlived.TakeWhile(_ => !_isStopping))
            {
                var directory = grains.GetGrain<IQueueDirectoryGrain>(name.Value);
                await GrainCallFailure.FromDirectoryAsync(
                    async () =>
                    {
                        await directory.DeleteOutlivedAsync(queues.StoreId);
                        return true;
                    },
                    name);
            }
        }
        catch (Exception e) when (e is SiberiteException or OrleansException or ObjectDisposedException)
        {
            LogNotDeleted(log, e.Message);
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }

    [LoggerMessage(2111, LogLevel.Debug, "Queues that their settings end are not all deleted yet: {Reason}")]
    private static partial void LogNotDeleted(ILogger log, string reason);
}
