namespace Siberite.Storage;

// What ends: shares, files, room on the disk.
internal sealed partial class PayloadFiles
{
    /// <summary>Whether shares have ended.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>Whether the last share of a file has ended.</summary>
    public bool HasUnused => _hasUnused;

    /// <summary>Takes the shares that have ended so far. Whoever has them sees to it that no power cut brings their
    /// items back, and then gives them to <see cref="Drop"/>.</summary>
    public IReadOnlyList<PayloadShare> TakeEnded()
    {
        lock (_gate)
        {
            var ended = _ended;
            _ended = [];
            _hasEnded = false;
            _hasUnused = false;
            return ended;
        }
    }

    /// <summary>Takes those whose files may be dropped at once: a power cut that brings their items back finds their
    /// files doubtful, and passes over what was closed anyway.</summary>
    public IReadOnlyList<PayloadShare> TakeEndedUnsynced()
    {
        lock (_gate)
        {
            _hasUnused = false;
            var unsynced = _ended.FindAll(share => share.File.Number >= _unsyncedFrom);
            if (unsynced.Count > 0)
            {
                _ended.RemoveAll(share => share.File.Number >= _unsyncedFrom);
                _hasEnded = _ended.Count > 0;
            }

            return unsynced;
        }
    }

    /// <summary>Forgets shares. Any thread.</summary>
    /// <returns>The files that are to be deleted now, which takes a while.</returns>
    /// <exception cref="RocksException"/>
    public List<PayloadFile> Drop(IReadOnlyList<PayloadShare> ended)
    {
        var batch = new WriteBatchBuffer();
        Span<byte> key = stackalloc byte[StoreKeys.ShareBytes];
        foreach (var share in ended)
        {
            StoreKeys.WriteShare(key, share.QueueId, share.File.Number);
            batch.Delete(key);
        }

        // Records first: a file without a record is an orphan, a record without a file is a loss.
        _database.Write(batch.Written);
        return CountDown(ended).FindAll(file => !TryKeepAsSpare(file));
    }

    /// <summary>Deletes the files that are kept to be written over.</summary>
    /// <exception cref="IOException"/>
    public void DropSpares()
    {
        while (true)
        {
            PayloadFile? spare;
            lock (_gate)
            {
                if (!_spares.TryPop(out spare))
                {
                    return;
                }
            }

            spare.Drop();
        }
    }

    /// <summary>Adds no more to the last file if nothing waits in it, or if what can be punched out of it may be
    /// much.</summary>
    public void SealIfWorthIt()
    {
        lock (_gate)
        {
            if (_current is { } current && (current.Length > SmallFileBytes || !HasUse(current)))
            {
                SealCurrent();
            }
        }
    }

    /// <summary>Gives back the room between the shares that are left. In the background.</summary>
    /// <exception cref="IOException"/>
    public void Punch()
    {
        (PayloadFile File, List<(long Offset, long Length)> Pieces)[] holes;
        lock (_gate)
        {
            holes = [.. _files.Values
                .Where(file => file.IsSealed && file.Leftovers.Count > 0 && !file.IsHeld)
                .Select(file => (file, file.Leftovers.ToList()))];
            foreach (var (file, _) in holes)
            {
                file.Leftovers.Clear();
            }
        }

        // A payload that ends is held by whoever still sends it, and nobody can begin to hold it any more.
        foreach (var (file, pieces) in holes)
        {
            foreach (var (offset, length) in pieces)
            {
                file.Punch(offset, length);
            }
        }
    }

    private bool TryKeepAsSpare(PayloadFile file)
    {
        // Files end in bursts, when the slowest of their queues moves on. To make and delete one costs more than to
        // write it. 96 MiB that go when a queue has run empty.
        const int MaxSpares = 12;
        lock (_gate)
        {
            var keeps = _spares.Count < MaxSpares && file.Length <= SmallFileBytes && !file.IsHeld;
            if (keeps)
            {
                _spares.Push(file);
            }

            return keeps;
        }
    }

    private bool HasUse(PayloadFile file)
        => _queues.Values.Any(shares => shares.All.Last?.Value is { } share && share.File == file
            && (share.DraftCount > 0 || share.LastSequence >= Math.Max(shares.Trimmed, 1)));

    private List<PayloadFile> CountDown(IReadOnlyList<PayloadShare> ended)
    {
        var unused = new List<PayloadFile>();
        lock (_gate)
        {
            foreach (var share in ended)
            {
                share.File.ShareCount--;
                share.File.EndedCount--;
                share.File.Leftovers.AddRange(share.Extents);
                if (share.File.ShareCount == 0 && _files.Remove(share.File.Number))
                {
                    _doubtful.Remove(share.File.Number);
                    unused.Add(share.File);
                }
            }
        }

        return unused;
    }

    /// <summary>Remembers which files are wholly on disk. It is synced with the log.</summary>
    private void NoteSynced(bool isLast)
    {
        byte[] state;
        lock (_gate)
        {
            // A sealed file may still be written to by a payload under way.
            _unsettled.RemoveAll(
                file => isLast || !IsInUse(file) || file is { IsSealed: true, IsDirty: false, IsHeld: false });
            var synced = _unsettled.Count == 0 ? _nextNumber : _unsettled.Min(file => file.Number);
            if (synced == _unsyncedFrom)
            {
                return;
            }

            _unsyncedFrom = synced;
            state = WriteState();
        }

        var batch = new WriteBatchBuffer();
        batch.Put(StateKey, state);
        _database.Write(batch.Written);
    }
}
