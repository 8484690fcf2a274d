using System.Diagnostics;
using System.Globalization;
using Siberite.Contracts;

namespace Siberite.Storage;

/// <summary>Large payloads of all queues, each written once to a file beside the database.</summary>
/// <remarks>
/// A payload is in its file before the batch that refers to it is written, and synced before that batch is. What no
/// record speaks of is nobody's: a start deletes such files.
/// <code>
/// file   = extent*                  8 or 64 MiB, more only for one payload; a new one with every run
/// extent = payload*                 of one queue: up to 4 MiB, more only for one payload
/// share  = all extents of one queue in one file, with the sequence of its last item there
/// </code>
/// A share ends when that item is trimmed. When its last share has ended, a file is written over under another number,
/// which spares the system to find new room and to forget the old, or deleted if there are enough of those. If a queue
/// that stands still keeps a file, the ended shares' extents are punched out of it. So nothing is kept per item, and no
/// payload is ever moved. Locks: a queue's gate, then the commit log's, then this one, then a file's.
/// </remarks>
internal sealed partial class PayloadFiles : IDisposable
{
    public const string DirectoryName = "payloads";

    /// <summary>Payloads begin at pages: whole ones can be punched out, and are written without being read.</summary>
    public const int PageBytes = 4 << 10;

    /// <summary>Room of one file as long as there are few. 8 MiB: what a short queue goes through then stays in the
    /// processor's cache, since its files are written over again and again.</summary>
    private const long SmallFileBytes = 8L << 20;

    /// <summary>192 MiB: fifty clients with items of 1 MiB go through a third of that.</summary>
    private const int FewFiles = 24;

    private const long FileBytes = 64L << 20;
    private const long FirstExtentBytes = 256L << 10;
    private const long LastExtentBytes = 4L << 20;
    private const int MaxOpenFiles = 128;

    private readonly string _directory;
    private readonly RocksDatabase _database;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, PayloadFile> _files = [];
    private readonly Dictionary<long, PayloadShares> _queues = [];
    private List<PayloadShare> _ended = []; // Their records and files are still there.
    private readonly Stack<PayloadFile> _spares = new(); // Nobody's, to be written over.
    private readonly List<PayloadFile> _unsettled = []; // Not known to be wholly on disk, or still to be written to.
    private PayloadFile? _current;
    private long _nextNumber;
    private long _unsyncedFrom; // Files below it are wholly on disk, but for doubtful ones.
    private readonly HashSet<long> _doubtful = [];
    private readonly Lock _syncing = new();
    private Exception? _syncFailure;
    private volatile bool _hasEnded;
    private volatile bool _hasUnused;

    /// <summary>Names of the files and shares are read; the files are not.</summary>
    /// <exception cref="RocksException"/>
    /// <exception cref="IOException"/>
    public PayloadFiles(string directory, RocksDatabase database)
    {
        (_directory, _database) = (directory, database);
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            PosixFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        }

        ReadState();
        LoadFiles();
        LoadShares();
        DropOrphans();
    }

    /// <summary>Told when a payload could not be written for any other reason than want of room; makes the exception of
    /// it. Set once.</summary>
    public Func<Exception, Exception>? Failed { private get; set; }

    public static string NameOf(long number) => number.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Finds room for a payload.</summary>
    public LargeDraft Begin(long queueId, int bytes)
    {
        lock (_gate)
        {
            var rounded = RoundUp(bytes);
            var share = WithRoom(queueId, rounded, atPage: true);
            var offset = RoundUp(share.Next); // What is packed does not end at a page.
            share.Next = offset + rounded;
            share.DraftCount++;
            share.File.Hold();
            return new LargeDraft(this, share, offset, bytes);
        }
    }

    /// <summary>A payload is under way no longer.</summary>
    public void End(PayloadShare share)
    {
        share.File.Release();
        lock (_gate)
        {
            share.DraftCount--;
            EndIfTrimmed(share);
        }
    }

    /// <exception cref="SiberiteException"><see cref="SiberiteError.DiskFull"/> or
    /// <see cref="SiberiteError.StorageFailed"/>.</exception>
    public void Write(PayloadFile file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            file.Write(bytes, offset);
        }
        catch (IOException e) when (PosixFile.IsFull(e))
        {
            // Nothing refers to it yet, so nothing is lost, and the next one may find room.
            throw new SiberiteException(SiberiteError.DiskFull, "The disk is full.", e);
        }
        catch (IOException e) when (PosixFile.IsOutOfHandles(e))
        {
            // As good as full for the moment: a crowd of connections must not take the store with it.
            throw new SiberiteException(SiberiteError.DiskFull, "No more files can be opened.", e);
        }
        catch (IOException e)
        {
            // As final as a failed write of the log: what else the disk loses, nobody knows.
            throw Failed?.Invoke(e) ?? e;
        }
    }

    /// <summary>Notes in a batch that an item has a payload in the share.</summary>
    public void Refer(WriteBatchBuffer batch, PayloadShare share, long sequence)
    {
        lock (_gate)
        {
            Debug.Assert(share.DraftCount > 0 && sequence > share.LastSequence);
            share.LastSequence = sequence;
            PutShare(batch, share);
        }
    }

    /// <summary>Items of the queue below <paramref name="limit"/> are gone, and the batch that says so is
    /// written.</summary>
    public void Trim(long queueId, long limit)
    {
        lock (_gate)
        {
            if (!_queues.TryGetValue(queueId, out var shares))
            {
                return;
            }

            shares.Trimmed = Math.Max(shares.Trimmed, limit);
            for (var place = shares.All.First; place is not null && place.Value.LastSequence < limit;)
            {
                var share = place.Value;
                place = place.Next;
                EndIfTrimmed(share);
            }
        }
    }

    /// <summary>The file, or <see langword="null"/> if it is not there.</summary>
    public PayloadFile? Find(long number)
    {
        lock (_gate)
        {
            return _files.GetValueOrDefault(number);
        }
    }

    /// <summary>Whether an item with a payload in the file is trimmed: then nobody vouches for its bytes.</summary>
    public bool IsTrimmed(long queueId, long number, long sequence)
    {
        lock (_gate)
        {
            return !_queues.TryGetValue(queueId, out var shares)
                || sequence < shares.Trimmed
                || !shares.All.Any(share => share.File.Number == number);
        }
    }

    /// <summary>Whether a power cut may have torn the file: it was written by a run that did not end well, and not
    /// known to be synced. What of it is not whole was promised to nobody as being on disk.</summary>
    public bool IsDoubtful(long number)
    {
        lock (_gate)
        {
            return _doubtful.Contains(number);
        }
    }

    /// <summary>Returns when every payload that a written batch refers to is on disk.</summary>
    /// <exception cref="RocksException"/>
    /// <exception cref="IOException"/>
    public void Sync(bool isLast = false)
    {
        // One at a time: whoever finds nothing to sync must not be ahead of whoever is at it.
        lock (_syncing)
        {
            if (_syncFailure is { } failure)
            {
                throw new IOException($"A sync failed before: {failure.Message}", failure);
            }

            try
            {
                SyncFiles();
                NoteSynced(isLast);
            }
            catch (IOException e)
            {
                _syncFailure = e;
                throw;
            }
        }
    }

    public void Dispose()
    {
        foreach (var file in _files.Values.Concat(_spares))
        {
            file.Dispose();
        }
    }

    private void SyncFiles()
    {
        List<PayloadFile>? dirty = null;
        lock (_gate)
        {
            foreach (var file in _unsettled)
            {
                if (file.IsDirty && IsInUse(file))
                {
                    (dirty ??= []).Add(file);
                }
            }
        }

        dirty?.ForEach(file => file.Sync());
        if (dirty?.Exists(file => !file.IsListed) == true)
        {
            PosixFile.SyncDirectory(_directory);
            dirty.ForEach(file => file.IsListed = true);
        }
    }

    /// <returns>The queue's share of the file that is written to, with so much room left in its last extent.</returns>
    private PayloadShare WithRoom(long queueId, long bytes, bool atPage)
    {
        var shares = _queues.GetValueOrDefault(queueId) ?? new PayloadShares();
        var share = shares.All.Last?.Value;
        if (share is null || share.File != _current
            || share.Limit - (atPage ? RoundUp(share.Next) : share.Next) < bytes)
        {
            share = Extend(queueId, shares, RoundUp(bytes));
            _queues[queueId] = shares; // Also if it had no share left when the last file was sealed.
        }

        return share;
    }

    private static void PutShare(WriteBatchBuffer batch, PayloadShare share)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ShareBytes];
        StoreKeys.WriteShare(key, share.QueueId, share.File.Number);
        batch.Put(key, ShareValue.Write(share));
    }

    private static long RoundUp(long bytes) => (bytes + PageBytes - 1) / PageBytes * PageBytes;

    private PayloadShare Extend(long queueId, PayloadShares shares, long bytes)
    {
        var last = shares.All.Last?.Value;
        var before = last is not null && last.File == _current ? last.Extents.Count : 0;
        var extent = Math.Max(bytes, Math.Min(FirstExtentBytes << Math.Min(before, 8), LastExtentBytes));
        var limit = _files.Count <= FewFiles ? SmallFileBytes : FileBytes;
        if (_current is null || (_current.Length > 0 && _current.Length + extent > limit))
        {
            SealCurrent();
            AddFile();
            extent = Math.Max(bytes, FirstExtentBytes);
        }

        var share = shares.All.Last?.Value;
        if (share is null || share.File != _current)
        {
            share = new PayloadShare(queueId, _current!);
            shares.All.AddLast(share);
            _current!.ShareCount++;
        }

        share.Extents.Add((_current!.Length, extent));
        share.Next = _current.Length;
        share.Limit = _current.Length + extent;
        _current.Length += extent;
        return share;
    }

    private void AddFile()
    {
        var path = PathOf(_nextNumber);
        var recycled = _spares.TryPop(out var spare) ? spare.TryRecycle(path, _nextNumber) : null;
        if (recycled is null)
        {
            spare?.Drop(); // A sync is still at it.
        }

        _current = recycled ?? new PayloadFile(path, _nextNumber);
        _files.Add(_nextNumber, _current);
        _unsettled.Add(_current);
        _nextNumber++;
        if (_files.Count > MaxOpenFiles)
        {
            foreach (var file in _files.Values.Where(file => file.IsSealed))
            {
                file.Rest();
            }
        }
    }

    private void SealCurrent()
    {
        if (_current is not { } file)
        {
            return;
        }

        file.IsSealed = true;
        _current = null;
        foreach (var share in _queues.Values.Select(shares => shares.All.Last?.Value).OfType<PayloadShare>().ToArray())
        {
            if (share.File == file)
            {
                EndIfTrimmed(share);
            }
        }
    }

    private void EndIfTrimmed(PayloadShare share)
    {
        if (!share.File.IsSealed || share.DraftCount > 0 || !_queues.TryGetValue(share.QueueId, out var shares)
            || share.LastSequence >= Math.Max(shares.Trimmed, 1) || !shares.All.Remove(share))
        {
            return;
        }

        if (shares.All.Count == 0)
        {
            _queues.Remove(share.QueueId);
        }

        _ended.Add(share);
        _hasEnded = true;
        _hasUnused |= ++share.File.EndedCount == share.File.ShareCount;
    }

    private bool IsInUse(PayloadFile file) => _files.GetValueOrDefault(file.Number) == file;

    private string PathOf(long number) => Path.Combine(_directory, NameOf(number));
}
