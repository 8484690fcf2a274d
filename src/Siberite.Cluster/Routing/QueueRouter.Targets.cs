using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// Queues that items go to by themselves: a new one gets its home where the items are.
internal sealed partial class QueueRouter : ITargetQueues
{
    /// <inheritdoc/>
    async ValueTask<IQueue?> ITargetQueues.OpenAsync(QueueName name)
    {
        var queue = await OpenAsync(name, beside: _queues.StoreId);
        var isHere = queue is Queue or LooseQueue || (queue is GrainQueue remote && remote.Store == _queues.StoreId);
        return isHere ? null : queue;
    }
}
