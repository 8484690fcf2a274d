using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Reading the backlog ahead of its readers, writing the reader's place, giving space back.
public sealed partial class Queue : IThreadPoolWorkItem, ICommitListener
{
    /// <summary>Payloads up to this size stay in memory while an item is open or returned; larger ones are read again.
    /// 4 KiB: 10,000 open reads then hold 40 MiB at most.</summary>
    private const int MaxKeptPayloadBytes = 4 << 10;

    /// <summary>Returned items whose payloads are read in one go.</summary>
    private const int MaxReturnedPerLoad = 16;

    /// <summary>Closed items after which their space is trimmed. One range delete per 16,384 items costs nothing, and
    /// RocksDB keeps few range tombstones.</summary>
    private const long TrimItemCount = 16_384;

    /// <summary>Trimmed payload bytes after which whole files are given back while the queue is being drained. 64 MiB
    /// is
    /// a few files of RocksDB.</summary>
    private const long ReclaimBytes = 64 << 20;

    /// <summary>Trimmed payload bytes after which files shared with other queues are rewritten once the queue is empty
    /// and idle. What is left below 4 MiB goes with a regular compaction.</summary>
    private const long RewriteBytes = 4 << 20;

    private bool _isLoading;
    private bool _wasTakenFrom = true; // Since the last sweep. A new queue has until the next one for its first item.
    private long _loadEpoch; // Counts up whenever what a load is reading for was thrown away.
    private long _trimmed; // The store was told to delete everything below it, in this run.
    private bool _hasTrimmed;
    private bool _mustTrim;
    private bool _mayRewrite;
    private long _trimmedBytes; // The reader's closed bytes when it was last told so.
    private long _reclaimedBytes; // The same when whole files were last given back.
    private long _rewrittenBytes; // The same when the rest was last rewritten.
    private long _readerBatch; // The batch that somebody waits for and that will carry the reader's place; 0 for none.
    private bool _isReaderDue; // Whether it is to be written without anybody waiting.
    private (long Sequence, long EnqueuedAt) _oldest; // Read from the store for statistics.

    /// <summary>Reads what the next takers need. Runs in the background, one load of a queue at a time.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            Load();
        }
        catch (SiberiteException e)
        {
            FailLoad(e);
        }
#pragma warning disable CA1031 // A store's fault must reach those who wait for the read, whatever its type.
        catch (Exception e)
#pragma warning restore CA1031
        {
            FailLoad(new SiberiteException(SiberiteError.ItemUnreadable, "The store could not be read.", e));
        }
    }

    /// <summary>The batch a load waited for is written, or never will be.</summary>
    void ICommitListener.OnCommitted() => _shared.Background.Run(this);

    /// <summary>Writes the reader's place, as of now, into a sealed batch.</summary>
    internal void WriteReader(IStoreBatch batch)
    {
        lock (_gate)
        {
            var isDue = _readerBatch != 0 || _isReaderDue;
            _readerBatch = 0;
            _isReaderDue = false;
            if (_isGone || !isDue)
            {
                return;
            }

            var closed = _reader.Closed.Bounds.ToArray();
            batch.PutReader(_record.Id, reader: 0, new ReaderState(_reader.Position, _reader.ClosedBytes, closed));
            if (_reader.Position - _trimmed >= TrimItemCount || (_mustTrim && _reader.Position > _trimmed))
            {
                // The first time from the start: an earlier run may have left some behind.
                batch.TrimItems(_record.Id, _hasTrimmed ? _trimmed : 1, _reader.Position);
                _trimmed = _reader.Position;
                _trimmedBytes = _reader.ClosedBytes;
                _hasTrimmed = true;
                _mustTrim = false;
            }
        }
    }

    /// <summary>Housekeeping, every few seconds: an idle queue gives its memory back when memory is tight, and has what
    /// it closed trimmed.</summary>
    /// <returns>Whether trimmed items await <see cref="ReclaimSpace"/>.</returns>
    internal bool Sweep()
    {
        lock (_gate)
        {
            var isIdle = !_wasTakenFrom;
            _wasTakenFrom = false;
            if (_isGone || !_isStored)
            {
                return false;
            }

            if (isIdle && _shared.Budget.IsTight && _window.Count > 0
                && _window.Last.Batch <= _shared.Commits.WrittenBatch)
            {
                ForgetWindow();
            }

            if (isIdle && _reader.Position > _trimmed)
            {
                _mustTrim = true;
                MarkReaderLater();
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
            return !_isStored && WaiterCount == 0 && !_wasTakenFrom;
        }
    }

    /// <summary>Ends a queue that is abandoned: whoever still holds it finds it gone and looks it up again.</summary>
    internal bool TryAbandon()
    {
        lock (_gate)
        {
            _isGone = !_isStored && WaiterCount == 0;
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

    /// <summary>Looks up the age of an item that memory knows nothing of; at most one read for each.</summary>
    private void FindOldest()
    {
        long next;
        lock (_gate)
        {
            SkipClosed();
            next = _reader.Next;
            if (_isGone || _itemCount == 0 || _reader.HasReturned || _window.Count > 0 || _oldest.Sequence == next)
            {
                return;
            }
        }

        var found = new List<StoredItem>();
        _shared.Store.ReadItems(_record.Id, next, _tail, maxBytes: 1, found);
        lock (_gate)
        {
            _oldest = (next, found.Count == 0 ? 0 : found[0].Header.EnqueuedAt);
        }
    }

    /// <returns>The batch that will carry the reader's place.</returns>
    private long MarkReader()
    {
        if (_readerBatch == 0)
        {
            _readerBatch = _shared.Commits.MarkReader(this);
        }

        return _readerBatch;
    }

    private void MarkReaderLater()
    {
        if (_readerBatch == 0 && !_isReaderDue)
        {
            _isReaderDue = true;
            _shared.Commits.MarkReaderLater(this);
        }
    }

    /// <summary>Starts the next read while there is still something to hand out.</summary>
    private void ReadAhead()
    {
        if (!_isLoading
            && _reader.Next + _window.Count < _tail
            && _window.Bytes < _shared.ReadAheadBytes / 2)
        {
            StartLoad();
        }
    }

    private void StartLoad()
    {
        if (!_isLoading)
        {
            _isLoading = true;
            _shared.Background.Run(this);
        }
    }

    private void ForgetWindow()
    {
        _window.Clear();
        _loadEpoch++;
    }

    private void Load()
    {
        long[] returned;
        long first, limit, epoch, lastAppend;
        lock (_gate)
        {
            returned = [.. _reader.ReturnedWithoutPayload().Take(MaxReturnedPerLoad)];
            SkipClosed();
            first = _reader.Next + _window.Count;
            limit = _tail;
            epoch = _loadEpoch;
            lastAppend = _lastAppendBatch;
        }

        // Asked before the read: what is not found although all was written is lost, not late.
        var allWritten = lastAppend <= _shared.Commits.WrittenBatch;
        var found = new List<StoredItem>();
        if (returned.Length > 0)
        {
            foreach (var sequence in returned)
            {
                _shared.Store.ReadItems(_record.Id, sequence, sequence + 1, maxBytes: 1, found);
            }
        }
        else if (first < limit)
        {
            _shared.Store.ReadItems(_record.Id, first, limit, _shared.ReadAheadBytes, found);
        }

        var isComplete = returned.Length > 0 ? found.Count == returned.Length : found.Count > 0;
        if (isComplete || allWritten || !WaitForCommit(lastAppend, epoch))
        {
            EndLoad(returned, found, first, lostLimit: allWritten && !isComplete ? limit : first, epoch);
        }
    }

    /// <summary>Has the load done again when what it looks for has been written.</summary>
    /// <returns>Whether it will be; not if it is no longer needed.</returns>
    private bool WaitForCommit(long batch, long epoch)
    {
        lock (_gate)
        {
            if (epoch != _loadEpoch)
            {
                return false;
            }
        }

        _shared.Commits.ThrowIfFailed();
        var awaited = new Commit(batch, CommitLevel.Written);
        _shared.Commits.Notify(awaited, this);
        _shared.Commits.Request(awaited);
        return true;
    }

    private void EndLoad(long[] returned, List<StoredItem> found, long first, long lostLimit, long epoch)
    {
        lock (_gate)
        {
            _isLoading = false;
            if (!_isGone && epoch == _loadEpoch)
            {
                if (returned.Length > 0)
                {
                    FillReturned(returned, found, mayBeLost: lostLimit > first);
                }
                else
                {
                    FillWindow(found, lostLimit);
                }
            }

            ServeWaiters();
            DiscardOverflow();
        }
    }

    private void FillReturned(long[] wanted, List<StoredItem> found, bool mayBeLost)
    {
        foreach (var item in found)
        {
            _reader.FillReturned(item.Header.Sequence, SlotOf(item));
        }

        if (mayBeLost)
        {
            foreach (var sequence in wanted.Except(found.Select(item => item.Header.Sequence)))
            {
                LogItemsLost(_shared.Log, Name.Value, sequence, sequence);
                _itemCount--;
                _reader.Remove(sequence);
                _reader.Close(sequence, payloadBytes: 0);
                MarkReaderLater();
            }
        }
    }

    /// <summary>Adds what was read to the window, and steps over a hole in the store so that it neither stops the queue
    /// nor passes for its end. A hole behind the window's items is reached once they are taken.</summary>
    private void FillWindow(List<StoredItem> found, long lostLimit)
    {
        SkipClosed(); // The reader may have passed some of it meanwhile.
        var next = _reader.Next + _window.Count;
        foreach (var item in found)
        {
            if (item.Header.Sequence < next)
            {
                continue;
            }

            if (item.Header.Sequence != next && !TryStepOver(item.Header.Sequence))
            {
                return;
            }

            _window.Add(SlotOf(item));
            next = item.Header.Sequence + 1;
        }

        if (lostLimit > next)
        {
            TryStepOver(lostLimit);
        }
    }

    private bool TryStepOver(long limit)
    {
        if (_window.Count > 0)
        {
            return false;
        }

        var lost = _reader.LoseUpTo(limit);
        LogItemsLost(_shared.Log, Name.Value, limit - lost, limit - 1);
        _itemCount -= lost;
        _itemBytes = _itemCount == 0 ? 0 : _itemBytes;
        MarkReaderLater();
        return true;
    }

    private ItemSlot SlotOf(in StoredItem item)
        => new(
            item.Payload, item.Payload.Length, item.Header.Flags, item.Header.EnqueuedAt, item.Header.ExpiresAt,
            _shared.Commits.SealedBatch);

    private void FailLoad(SiberiteException e)
    {
        LogLoadFailed(_shared.Log, Name.Value, e);
        lock (_gate)
        {
            _isLoading = false;
            while (_waiters?.First is { } first)
            {
                RemoveWaiter(first.Value);
                first.Value.SetException(e);
            }
        }
    }

    [LoggerMessage(1502, LogLevel.Error,
        "Queue {Queue}: items {First} to {Last} are not in the store although they were committed. Readers go on.")]
    private static partial void LogItemsLost(ILogger log, string queue, long first, long last);

    [LoggerMessage(1503, LogLevel.Error, "Queue {Queue}: items could not be read. Those who asked were told.")]
    private static partial void LogLoadFailed(ILogger log, string queue, Exception e);
}
