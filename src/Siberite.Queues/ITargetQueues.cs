using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>Finds the queues that items go to by themselves, wherever they live.</summary>
public interface ITargetQueues
{
    /// <summary>Sees to it that the queue exists: beside the queues of this silo, if it is new.</summary>
    /// <returns><see langword="null"/> if it is open in this silo's engine; else the way to it.</returns>
    ValueTask<IQueue?> OpenAsync(QueueName name);
}
