using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Reading the backlog ahead of the takers, writing the place.
internal sealed partial class QueueReader : IThreadPoolWorkItem, ICommitListener
{
    /// <summary>Returned items whose payloads are read in one go.</summary>
    private const int MaxReturnedPerLoad = 16;

    private bool _isLoading;
    private long _loadEpoch; // Counts up whenever what a load is reading for was thrown away.
    private long _dueBatch; // The batch that somebody waits for and that will carry the place; 0 for none.
    private bool _isDue; // Whether it is to be written without anybody waiting.
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

    /// <summary>Writes the place, as of now, into a sealed batch. Takes the queue's gate.</summary>
    public void Write(IStoreBatch batch)
    {
        lock (_gate)
        {
            var isDue = _dueBatch != 0 || _isDue;
            _dueBatch = 0;
            _isDue = false;
            if (_queue.IsGone || IsDropped || !isDue)
            {
                return;
            }

            SettlePassing();
            if (_queue.IsInMemory)
            {
                _queue.PutPlacesInMemory(batch);
            }
            else
            {
                batch.PutReader(_queue.Id, _number, State);
            }

            if (_main is null)
            {
                _queue.Trim(batch);
            }

            if (Passing is not null)
            {
                Mark(); // What goes with the batch that is open now had found this one not written yet.
            }
        }
    }

    /// <summary>An idle reader gives back what it needs only when it is busy, as there may be very many; when memory is
    /// tight its items' memory too.</summary>
    /// <returns>Whether nobody has asked for an item since the last sweep.</returns>
    public bool Sweep()
    {
        var isIdle = !_wasTakenFrom;
        UsedAt = isIdle && UsedAt != 0 ? UsedAt : _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        _wasTakenFrom = false;
        if (isIdle && _shared.Budget.IsTight && _window.Count > 0
            && _window.Last.Batch <= _shared.Commits.WrittenBatch)
        {
            ForgetWindow();
        }

        if (isIdle)
        {
            _window.Shrink();
            _place.Shrink();
            _waiters = _waiters is { Count: 0 } ? null : _waiters;
        }

        return isIdle;
    }

    /// <summary>Looks up the age of an item that memory knows nothing of; at most one read for each. Takes the gate
    /// itself, and must not be called under it.</summary>
    public void FindOldest()
    {
        long next;
        lock (_gate)
        {
            SkipClosed();
            next = _place.Next;
            if (_queue.IsGone || ItemCount == 0 || _place.HasReturned || _window.Count > 0 || _oldest.Sequence == next)
            {
                return;
            }
        }

        var found = new List<StoredItem>();
        _queue.ReadItems(next, _queue.Tail, maxBytes: 1, found);
        lock (_gate)
        {
            _oldest = (next, found.Count == 0 ? 0 : found[0].Header.EnqueuedAt);
        }
    }

    /// <returns>The batch that will carry the reader's place.</returns>
    private long Mark()
    {
        if (_dueBatch == 0)
        {
            _dueBatch = _shared.Commits.MarkReader(this);
        }

        return _dueBatch;
    }

    /// <summary>Has the place written with the open batch.</summary>
    public void MarkNow() => Mark();

    public void MarkLater()
    {
        if (_dueBatch == 0 && !_isDue)
        {
            _isDue = true;
            _shared.Commits.MarkReaderLater(this);
        }
    }

    /// <summary>Starts the next read while there is still something to hand out.</summary>
    private void ReadAhead()
    {
        if (!_isLoading
            && _place.Next + _window.Count < _queue.Tail
            && _window.Bytes < _shared.ReadAheadBytes / 2)
        {
            StartLoad();
        }
    }

    public void StartLoad()
    {
        if (!_isLoading)
        {
            _isLoading = true;
            _shared.Background.Run(this);
        }
    }

    public void ForgetWindow()
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
            if (_main is not null)
            {
                _place.DropReturned(_main); // What has left the queue may be gone from the store as well.
            }

            returned = [.. _place.ReturnedWithoutPayload().Take(MaxReturnedPerLoad)];
            SkipClosed();
            first = _place.Next + _window.Count;
            limit = _queue.Tail;
            epoch = _loadEpoch;
            lastAppend = _queue.LastAppendBatch;
        }

        // Asked before the read: what is not found although all was written is lost, not late.
        var allWritten = lastAppend <= _shared.Commits.WrittenBatch;
        var found = new List<StoredItem>();
        if (returned.Length > 0)
        {
            foreach (var sequence in returned)
            {
                _queue.ReadItems(sequence, sequence + 1, maxBytes: 1, found);
            }
        }
        else if (first < limit)
        {
            _queue.ReadItems(first, limit, _shared.ReadAheadBytes, found);
        }

        var isComplete = returned.Length > 0 ? found.Count == returned.Length : found.Count > 0;
        if (isComplete || allWritten || !WaitForCommit(lastAppend, epoch))
        {
            EndLoad(returned, found, isLost: allWritten && !isComplete, limit, epoch);
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

    private void EndLoad(long[] returned, List<StoredItem> found, bool isLost, long limit, long epoch)
    {
        lock (_gate)
        {
            _isLoading = false;
            if (!_queue.IsGone && !IsDropped && epoch == _loadEpoch)
            {
                if (returned.Length > 0)
                {
                    FillReturned(returned, found, isLost);
                }
                else
                {
                    FillWindow(found, lostLimit: isLost ? limit : 0);
                }
            }

            ServeWaiters();
            _queue.DiscardOverflow();
        }
    }

    private void FillReturned(long[] wanted, List<StoredItem> found, bool mayBeLost)
    {
        foreach (var item in found)
        {
            _place.FillReturned(item.Header.Sequence, SlotOf(item));
        }

        if (_main is not null)
        {
            _place.DropReturned(_main);
        }

        if (mayBeLost)
        {
            foreach (var sequence in wanted.Except(found.Select(item => item.Header.Sequence)))
            {
                if (_main is not null && (_place.IsClosed(sequence) || _main.IsClosed(sequence)))
                {
                    continue; // It left the queue while it was looked for.
                }

                LogItemsLost(_shared.Log, _queue.Name.Value, sequence, sequence);
                UncountItem(bytes: 0);
                _place.Remove(sequence);
                _place.Close(sequence, payloadBytes: 0);
                MarkLater();
            }
        }
    }

    /// <summary>Adds what was read to the window, and steps over a hole in the store so that it neither stops the queue
    /// nor passes for its end. A hole behind the window's items is reached once they are taken.</summary>
    private void FillWindow(List<StoredItem> found, long lostLimit)
    {
        SkipClosed(); // The reader may have passed some of it meanwhile.
        var next = _place.Next + _window.Count;
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

        var lost = _place.LoseUpTo(limit, _main);
        if (lost == 0)
        {
            return true;
        }

        LogItemsLost(_shared.Log, _queue.Name.Value, limit - lost, limit - 1);
        if (_main is null)
        {
            ItemCount -= lost;
            ItemBytes = ItemCount == 0 ? 0 : ItemBytes;
        }

        MarkLater();
        return true;
    }

    private ItemSlot SlotOf(in StoredItem item)
    {
        if (item.Header.Deliveries != 0)
        {
            (DeliveryCounts ??= new DeliveryCounts()).Note(item.Header.Sequence, item.Header.Deliveries);
        }

        return new(
            item.Bytes, item.PayloadBytes, item.Header.Flags, item.Header.EnqueuedAt, item.Header.ExpiresAt,
            _queue.IsInMemory ? 0 : _shared.Commits.SealedBatch)
        {
            Large = item.Large,
        };
    }

    private void FailLoad(SiberiteException e)
    {
        LogLoadFailed(_shared.Log, _queue.Name.Value, e);
        lock (_gate)
        {
            _isLoading = false;
            while (_waiters?.First is { } first)
            {
                first.Value.Leave();
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
