using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Queues that cursors read: what goes although the default reader never closes it, and who is told when nothing goes.
public sealed partial class Queue
{
    /// <summary>Runs of unclosed items dropped in one round. 64: each costs two reads of the store, and a queue that
    /// only cursors read has one.</summary>
    private const int MaxRunsPerRound = 64;

    /// <summary>Whether more waits beside cursors than the settings call normal. Only under the gate.</summary>
    private bool IsHeldByCursors { get; set; }

    /// <summary>Drops what the retention settings no longer keep. Called in the background, not under the gate: it
    /// reads the store.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    internal void Retain()
    {
        QueueOptions options;
        lock (_gate)
        {
            options = Options;
            if (_isGone || !_isStored || IsDamaged || _still is not null || _main.ItemCount == 0
                || (options.RetentionAge <= TimeSpan.Zero && options.RetentionBytes <= 0
                    && options.RetentionItems <= 0 && !options.RetentionUntilRead))
            {
                return;
            }
        }

        var read = options.RetentionUntilRead ? PositionOfAllCursors() : 0;
        var kept = Math.Max(FirstWithin(options), Math.Max(FirstYoung(options), read));
        DropBelow(kept, isRead: kept == read);
    }

    /// <summary>What all cursors have closed ends here; 0 if there are none.</summary>
    private long PositionOfAllCursors()
    {
        lock (_gate)
        {
            var least = 0L;
            foreach (var cursor in _cursors ?? [])
            {
                cursor.Reader!.CatchUp();
                var position = cursor.Reader.Place.Position;
                least = least == 0 ? position : Math.Min(least, position);
            }

            return least;
        }
    }

    /// <summary>The first item to keep by count and bytes; 0 if all are.</summary>
    private long FirstWithin(QueueOptions options)
    {
        long position, tail, appendedBytes, first;
        lock (_gate)
        {
            (position, tail, appendedBytes) = (_main.Place.Position, _tail, _appendedBytes);
            first = options.RetentionItems > 0 && _main.ItemCount > options.RetentionItems
                ? tail - options.RetentionItems
                : 0;
            if (options.RetentionBytes <= 0 || _main.ItemBytes <= options.RetentionBytes)
            {
                return first;
            }
        }

        var kept = FindFirst(
            position, tail, item => appendedBytes - AppendedBefore(item) <= options.RetentionBytes);
        return Math.Max(first, kept);
    }

    /// <summary>The first item to keep by age; 0 if all are.</summary>
    private long FirstYoung(QueueOptions options)
    {
        if (options.RetentionAge <= TimeSpan.Zero)
        {
            return 0;
        }

        var oldest = (_shared.Time.GetUtcNow() - options.RetentionAge).ToUnixTimeMilliseconds();
        _main.FindOldest();
        long position, tail;
        lock (_gate)
        {
            (position, tail) = (_main.Place.Position, _tail);
            if (_main.OldestEnqueuedAt() is var known && known > oldest)
            {
                return 0;
            }
        }

        return FindFirst(position, tail, item => item.Header.EnqueuedAt > oldest);
    }

    private static long AppendedBefore(in StoredItem item) => item.Header.AppendedBytes - item.PayloadBytes;

    /// <summary>The first stored item that is kept, if those behind it are kept too; the first that is not stored yet,
    /// if none is.</summary>
    private long FindFirst(long first, long limit, Predicate<StoredItem> isKept)
    {
        while (first < limit)
        {
            var middle = first + ((limit - first) / 2);
            if (ReadOne(middle, limit) is not { } item || isKept(item))
            {
                limit = middle; // What is not written yet is as young as can be.
            }
            else
            {
                first = item.Header.Sequence + 1;
            }
        }

        return first;
    }

    private StoredItem? ReadOne(long first, long limit)
    {
        var found = new List<StoredItem>(1);
        ReadItems(first, limit, maxBytes: 1, found);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Closes what waits below <paramref name="limit"/> for the default reader, and so for all.</summary>
    private void DropBelow(long limit, bool isRead)
    {
        List<(long First, long Limit)> runs;
        lock (_gate)
        {
            runs = _main.Place.RunsBelow(limit, MaxRunsPerRound);
        }

        if (runs.Count == 0)
        {
            return;
        }

        var bytes = 0L;
        foreach (var run in runs)
        {
            if (ReadOne(run.First, run.Limit) is not { } first || first.Header.Sequence != run.First
                || ReadOne(run.Limit - 1, run.Limit) is not { } last)
            {
                return; // Not written yet, or lost: a reader finds that out.
            }

            bytes += last.Header.AppendedBytes - AppendedBefore(first);
        }

        lock (_gate)
        {
            // What a reader closed meanwhile was counted here too: then the next round does it.
            if (_isGone || _still is not null
                || !runs.SequenceEqual(_main.Place.RunsBelow(limit, MaxRunsPerRound)))
            {
                return;
            }

            var dropped = _main.DropBelow(runs[^1].Limit, bytes);
            DiscardedCount += isRead ? 0 : dropped;
        }
    }

    /// <summary>Looks after the cursors and warns of a queue that they hold. Called under the gate.</summary>
    private void SweepCursors()
    {
        foreach (var cursor in _cursors ?? [])
        {
            cursor.Reader!.Sweep();
            cursor.Reader.CatchUp();
        }

        var limit = Options.CursorWarningBytes;
        var wasHeld = IsHeldByCursors;
        IsHeldByCursors = _cursors is not null && limit > 0
            && _main.ItemBytes >= (wasHeld ? limit / 2 : limit); // Half: no second warning over a few items.
        if (IsHeldByCursors && !wasHeld)
        {
            var last = _cursors!.MinBy(cursor => cursor.Reader!.Place.Position)!;
            LogHeld(
                _shared.Log, Name.Value, _main.ItemBytes, _main.ItemCount, last.Cursor.Value,
                DateTimeOffset.FromUnixTimeMilliseconds(last.Reader!.UsedAt));
        }
    }

    [LoggerMessage(1540, LogLevel.Warning,
        "Queue {Queue} keeps {ItemBytes} bytes in {ItemCount} items beside its cursors. The last of them is {Cursor}, "
        + "used at {UsedAt}. Delete it if it is abandoned, or set a retention.")]
    private static partial void LogHeld(
        ILogger log, string queue, long itemBytes, long itemCount, string cursor, DateTimeOffset usedAt);
}
