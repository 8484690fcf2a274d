using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Testing.Stores;

/// <summary>A store without a disk, for engine tests: it can fail, block and crash where a test says.</summary>
/// <remarks>
/// It is as unkind as the contract allows. Trimmed items are still found until their space is reclaimed, as with
/// RocksDB, unless <see cref="ShowsTrimmedItems"/> is cleared. A write that failed may have reached the disk all the
/// same: a crash may keep its batch.
/// </remarks>
public sealed partial class MemoryQueueStore : IQueueStore
{
    private readonly Lock _gate = new();
    private readonly StoredModel _durable;
    private readonly StoredModel _current;
    private readonly List<Action<StoredModel>[]> _unsynced = [];
    private long _failingWrite;
    private long _failingSync;
    private StoreGate? _writeGate;
    private StoreGate? _syncGate;
    private Exception? _failure;
    private bool _closed;

    /// <summary>An empty store with a new id.</summary>
    public MemoryQueueStore()
        : this(new StoreId(Guid.NewGuid()), new StoredModel())
    {
    }

    private MemoryQueueStore(StoreId id, StoredModel found)
    {
        Id = id;
        _durable = found;
        _current = found.Copy();
    }

    public StoreId Id { get; }

    public bool HasRoom { get; set; } = true;

    /// <summary>Whether items can be read; as long as not, every read of them fails. It is not final.</summary>
    public bool CanReadItems { get; set; } = true;

    /// <summary>Queues that the next load is to find damaged, and why.</summary>
    public Dictionary<string, string> Damaged { get; init; } = [];

    /// <summary>Done once, before the next write takes effect: what happens while a batch is on its way.</summary>
    public Action? BeforeNextWrite { get; set; }

    /// <summary>Whether reads find items that were trimmed and not reclaimed yet. Both are legal.</summary>
    public bool ShowsTrimmedItems { get; set; } = true;

    /// <summary>Calls of <see cref="Write"/> so far, the failed ones included.</summary>
    public long WriteCount { get; private set; }

    /// <summary>Calls of <see cref="Sync"/> so far, the failed ones included.</summary>
    public long SyncCount { get; private set; }

    /// <summary>Calls of <see cref="ReadItems"/> so far.</summary>
    public long ReadCount { get; private set; }

    /// <summary>Calls of <see cref="ReclaimSpace"/> so far.</summary>
    public long ReclaimCount { get; private set; }

    /// <summary>Batches that a crash may lose.</summary>
    public int UnsyncedBatchCount
    {
        get
        {
            lock (_gate)
            {
                return _unsynced.Count;
            }
        }
    }

    /// <summary>Items of the queue that were written and not trimmed.</summary>
    public int ItemCount(long queueId)
    {
        lock (_gate)
        {
            return _current.LiveItemCount(queueId);
        }
    }

    /// <summary>Fails the <paramref name="nth"/> write from now; 1 is the next one. Failure is final.</summary>
    public void FailWrite(int nth)
    {
        lock (_gate)
        {
            _failingWrite = WriteCount + nth;
        }
    }

    /// <summary>Fails the <paramref name="nth"/> sync from now; 1 is the next one. Failure is final.</summary>
    public void FailSync(int nth)
    {
        lock (_gate)
        {
            _failingSync = SyncCount + nth;
        }
    }

    /// <summary>Holds the next write, before it shows any effect, until the gate is opened.</summary>
    public StoreGate BlockNextWrite()
    {
        lock (_gate)
        {
            return _writeGate = new StoreGate();
        }
    }

    /// <summary>Holds the next sync, before it shows any effect, until the gate is opened.</summary>
    public StoreGate BlockNextSync()
    {
        lock (_gate)
        {
            return _syncGate = new StoreGate();
        }
    }

    /// <summary>Cuts the power: what was synced is in the new store, and nothing else. This one is dead.</summary>
    public MemoryQueueStore Crash() => CrashKeeping(_ => 0);

    /// <summary>Cuts the power: what was synced is in the new store, and a random number of the batches written since,
    /// in order. This one is dead.</summary>
    public MemoryQueueStore Crash(int seed) => CrashKeeping(unsynced => new Random(seed).Next(unsynced + 1));

    /// <summary>Kills the process: all that was written is in the new store. This one is dead.</summary>
    public MemoryQueueStore Kill() => CrashKeeping(unsynced => unsynced);

    /// <summary>A copy of the disk as it is on it, with the same id; this store lives on.</summary>
    public MemoryQueueStore Copy()
    {
        lock (_gate)
        {
            return new MemoryQueueStore(Id, _durable.Copy());
        }
    }

    public IReadOnlyList<StoredQueue> LoadQueues()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            return [.. _current.LoadQueues(ShowsTrimmedItems).Select(queue
                => queue with { Damage = Damaged.GetValueOrDefault(queue.Record.Name) })];
        }
    }

    public IStoreBatch CreateBatch() => new MemoryStoreBatch(_payloads, _gate);

    public void Write(IStoreBatch batch)
    {
        Pass(ref _writeGate);
        var beforeWrite = BeforeNextWrite;
        BeforeNextWrite = null;
        beforeWrite?.Invoke();
        lock (_gate)
        {
            ThrowIfFailed();
            var changes = ((MemoryStoreBatch)batch).Changes();
            _unsynced.Add(changes);
            if (++WriteCount == _failingWrite)
            {
                throw Fail("write");
            }

            _current.Apply(changes);
            DropTrimmedPayloads();
        }
    }

    public void Sync()
    {
        Pass(ref _syncGate);
        lock (_gate)
        {
            ThrowIfFailed();
            if (++SyncCount == _failingSync)
            {
                throw Fail("sync");
            }

            foreach (var changes in _unsynced)
            {
                _durable.Apply(changes);
            }

            _unsynced.Clear();
        }
    }

    public void ReadItems(long queueId, long first, long limit, long maxBytes, ICollection<StoredItem> target)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            ReadCount++;
            ThrowUnlessReadable();
            _current.ReadItems(queueId, first, limit, maxBytes, ShowsTrimmedItems, AsLarge, target);
        }
    }

    public void ReclaimSpace(long queueId, long limit, bool isEmpty)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            ReclaimCount++;
            _current.ForgetTrimmed(queueId, limit);
            _durable.ForgetTrimmed(queueId, limit);
        }
    }

    public byte[]? ReadState(string key)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            return _current.ReadState(key);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    private MemoryQueueStore CrashKeeping(Func<int, int> keptBatches)
    {
        lock (_gate)
        {
            _closed = true;
            var survivor = _durable.Copy();
            foreach (var changes in _unsynced.Take(keptBatches(_unsynced.Count)))
            {
                survivor.Apply(changes);
            }

            return new MemoryQueueStore(Id, survivor)
            {
                ShowsTrimmedItems = ShowsTrimmedItems,
                Damaged = Damaged,
                LargeBytes = LargeBytes,
            };
        }
    }

    private void Pass(ref StoreGate? field)
    {
        StoreGate? gate;
        lock (_gate)
        {
            gate = field;
            field = null;
        }

        gate?.PassThrough();
    }

    private SiberiteException Fail(string operation)
    {
        _failure = new IOException($"The {operation} was made to fail.");
        return new SiberiteException(SiberiteError.StorageFailed, $"The {operation} failed.", _failure);
    }

    private void ThrowIfFailed()
    {
        ThrowIfClosed();
        if (_failure is { } cause)
        {
            throw new SiberiteException(SiberiteError.StorageFailed, "The store has failed.", cause);
        }
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_closed, this);
}
