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

    /// <summary>Told of queues that are empty and that their settings end, in the sweep that finds them and in every
    /// further one until they are gone. Whoever keeps records of queues has to see to it that they go together, and
    /// calls <see cref="DropIfOutlived"/>. As long as nobody is told they stay.</summary>
    public Action<IReadOnlyList<QueueName>>? Outlived { get; set; }

    /// <summary>Deletes the queue if it is empty, in nobody's use, and its settings end it.</summary>
    /// <returns>Whether it is gone, and when that is done.</returns>
    public (bool IsGone, Commit Commit) DropIfOutlived(QueueName name)
    {
        lock (_naming)
        {
            if (!_queues.TryGetValue(name, out var queue) || !queue.HasOutlived())
            {
                return default;
            }

            var dropped = DropIfEmpty(name);
            if (dropped is { IsGone: true, Commit.Batch: > 0 })
            {
                _shared.Tally.NoteExpired();
                LogOutlived(_shared.Log, name.Value);
            }

            return dropped;
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

    /// <summary>Whether it is empty, nobody uses it, and its settings allow it no longer.</summary>
    internal bool HasOutlived()
    {
        lock (_gate)
        {
            var maxAge = Options.MaxQueueAge;
            return maxAge > TimeSpan.Zero && _isStored && !_isGone && !IsDamaged && IsUnused
                && _record.CreatedAt + (long)maxAge.TotalMilliseconds
                    <= _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        }
    }
}
