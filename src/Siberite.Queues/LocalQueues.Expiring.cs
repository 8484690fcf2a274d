using Siberite.Contracts;

namespace Siberite.Queues;

// Queues that expire although nobody touches them.
public sealed partial class LocalQueues
{
    /// <summary>Queues whose heads are looked up in one sweep, after a start or when settings are new. 1,000: some tens
    /// of milliseconds every two seconds, until all are known.</summary>
    private const int MaxLooksPerSweep = 1_000;

    private readonly Queue<Queue> _unseen = new(); // Of the sweep alone.
    private QueueSettings? _seenSettings;

    /// <summary>Drops expired items at the heads of every queue, or of the one named, if it is here.</summary>
    /// <returns>How many.</returns>
    public async ValueTask<long> DropExpiredAsync(QueueName? name)
    {
        var total = 0L;
        foreach (var queue in name is null ? [.. _queues.Values] : FindOpened(name) is { } one ? [one] : (Queue[])[])
        {
            total += await queue.DropExpiredAsync();
        }

        return total;
    }

    /// <summary>Looks at heads that nobody has looked at.</summary>
    private void LookAtExpiries()
    {
        if (!ReferenceEquals(_seenSettings, Settings.Snapshot))
        {
            _seenSettings = Settings.Snapshot;
            _unseen.Clear();
            foreach (var queue in _queues.Values)
            {
                _unseen.Enqueue(queue);
            }
        }

        for (var i = 0; i < MaxLooksPerSweep && !_commits.HasFailed && _unseen.TryDequeue(out var queue); i++)
        {
            try
            {
                queue.LookAtExpiry();
            }
            catch (SiberiteException e) when (e.Error == SiberiteError.ItemUnreadable)
            {
                // Whoever takes from it is told.
            }
        }
    }

    /// <summary>Deletes a queue that its settings give an end. Its home record stays: who sets to it makes it anew
    /// there.</summary>
    private void DropIfOutlived(QueueName name, Queue queue)
    {
        if (queue.HasOutlived() && DropIfEmpty(name) is { IsGone: true, Commit.Batch: > 0 })
        {
            _shared.Tally.NoteExpired();
            LogOutlived(_shared.Log, name.Value);
        }
    }

    [Microsoft.Extensions.Logging.LoggerMessage(1514, Microsoft.Extensions.Logging.LogLevel.Information,
        "Queue {Queue} is empty and older than its settings allow, and was deleted.")]
    private static partial void LogOutlived(Microsoft.Extensions.Logging.ILogger log, string queue);
}

public sealed partial class Queue
{
    /// <summary>Drops expired items at the head.</summary>
    /// <returns>How many.</returns>
    internal ValueTask<long> DropExpiredAsync() => _main.DropExpiredAsync();

    internal void LookAtExpiry() => _main.LookAtExpiry();

    /// <summary>Whether it is empty and its settings allow it no longer.</summary>
    internal bool HasOutlived()
    {
        lock (_gate)
        {
            var maxAge = Options.MaxQueueAge;
            return maxAge > TimeSpan.Zero && _isStored && !_isGone && !IsDamaged && _main.ItemCount == 0
                && _record.CreatedAt + (long)maxAge.TotalMilliseconds
                    <= _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        }
    }
}
