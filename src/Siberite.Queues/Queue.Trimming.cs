namespace Siberite.Queues;

// Giving the space of closed items back.
public sealed partial class Queue
{
    /// <summary>Closed items after which their space is trimmed. What is trimmed while RocksDB still has it in memory
    /// is never written to a file; one range delete for a thousand items costs next to nothing.</summary>
    private const long TrimItemCount = 1024;

    /// <summary>Closed payload bytes that do the same. 256 KiB: of ten queues of large items a third of RocksDB's 8 MiB
    /// in memory at most waits to be trimmed.</summary>
    private const long TrimBytes = 256 << 10;

    /// <summary>Trimmed payload bytes after which whole files are given back while the queue is being drained. 64 MiB
    /// is a few files of RocksDB.</summary>
    private const long ReclaimBytes = 64 << 20;

    /// <summary>Trimmed payload bytes after which files shared with other queues are rewritten once the queue is empty
    /// and idle. What is left below 4 MiB goes with a regular compaction.</summary>
    private const long RewriteBytes = 4 << 20;

    private long _trimmed; // The store was told to delete everything below it, in this run.
    private bool _hasTrimmed;
    private bool _mustTrim;
    private bool _mayRewrite;
    private long _trimmedBytes; // The reader's closed bytes when it was last told so.
    private long _reclaimedBytes; // The same when whole files were last given back.
    private long _rewrittenBytes; // The same when the rest was last rewritten.

    /// <summary>Has the store delete what the default reader has closed, if it is worth it. Called under the gate, with
    /// the batch that carries that reader's place.</summary>
    internal void Trim(IStoreBatch batch)
    {
        var position = _main.Place.Position;
        _memory?.RemoveBelow(position);
        var isWorthIt = position - _trimmed >= TrimItemCount || _main.Place.ClosedBytes - _trimmedBytes >= TrimBytes;
        if (position > _trimmed && (isWorthIt || _mustTrim))
        {
            // The first time from the start: an earlier run may have left some behind.
            batch.TrimItems(_record.Id, _hasTrimmed ? _trimmed : 1, position);
            _trimmed = position;
            _trimmedBytes = _main.Place.ClosedBytes;
            _hasTrimmed = true;
            _mustTrim = false;
        }
    }

    /// <summary>Housekeeping, every few seconds: an idle queue gives its memory back when memory is tight, and has what
    /// it closed trimmed.</summary>
    /// <returns>Whether trimmed items await <see cref="ReclaimSpace"/>.</returns>
    internal bool Sweep()
    {
        lock (_gate)
        {
            var isIdle = _main.Sweep();
            SweepCursors();
            if (_isGone || !_isStored)
            {
                return false;
            }

            if (isIdle && _main.Place.Position > _trimmed)
            {
                _mustTrim = true;
                _main.MarkLater();
            }

            _mayRewrite = isIdle && _trimmed == _tail && _trimmedBytes - _rewrittenBytes >= RewriteBytes;
            return _mayRewrite || _trimmedBytes - _reclaimedBytes >= ReclaimBytes;
        }
    }

    /// <summary>Whether nobody has ever appended to it and nobody waits for that any more.</summary>
    internal bool IsAbandoned()
    {
        lock (_gate)
        {
            return !_isStored && Readers.All(reader => reader is { WaiterCount: 0, WasTakenFrom: false });
        }
    }

    /// <summary>Ends a queue that is abandoned: whoever still holds it finds it gone and looks it up again.</summary>
    internal bool TryAbandon()
    {
        lock (_gate)
        {
            _isGone = !_isStored && Readers.All(reader => reader.WaiterCount == 0);
            return _isGone;
        }
    }

    internal void ReclaimSpace()
    {
        long limit;
        bool isEmpty;
        lock (_gate)
        {
            limit = _trimmed;
            isEmpty = _mayRewrite;
            _reclaimedBytes = _trimmedBytes;
            _rewrittenBytes = isEmpty ? _trimmedBytes : _rewrittenBytes;
        }

        _shared.Store.ReclaimSpace(_record.Id, limit, isEmpty);
    }
}
