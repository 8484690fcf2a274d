using System.Text;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// What the store holds at a start.
public sealed partial class LocalQueues
{
    private void AddStoredQueues(ILogger log)
    {
        foreach (var stored in _store.LoadQueues())
        {
            var queue = Load(stored);
            if (queue.IsDamaged)
            {
                LogDamaged(log, queue.Name.Value, queue.Id, queue.Damage!);
            }

            _namelessCount += queue.IsNameless ? 1 : 0;
            _queues[queue.Name] = queue;
            _nextQueueId = Math.Max(_nextQueueId, queue.Id + 1);
        }

        foreach (var queue in _queues.Values)
        {
            Subscribe(queue);
        }
    }

    private Queue Load(StoredQueue stored)
    {
        if (QueueName.TryParse(Encoding.UTF8.GetBytes(stored.Record.Name), out var name) && !_queues.ContainsKey(name))
        {
            return new Queue(_shared, stored, name, isStored: true);
        }

        // Nobody could have made a queue of that name, or two of it: whatever the queue was called, it was not this.
        return new Queue(
            _shared,
            stored with { Damage = stored.Damage ?? "its name cannot be" },
            QueueName.Parse($"unreadable-{stored.Record.Id}"),
            isStored: true)
        { IsNameless = true };
    }

    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    private void ThrowIfNameless()
    {
        if (_namelessCount > 0)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable,
                "There is a queue whose name cannot be read, and it may be the one that is asked for.",
                inner: null);
        }
    }

    [LoggerMessage(1505, LogLevel.Error,
        "Queue {Queue} (id {QueueId}) cannot be read: {Reason}. Its bytes are kept and its commands refused, except a "
        + "delete, which drops it. Other queues are not affected.")]
    private static partial void LogDamaged(ILogger log, string queue, long queueId, string reason);
}
