using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>One queue of this silo: a strict FIFO that is far larger than memory.</summary>
/// <remarks>
/// Every call changes memory and appends its mutation under the queue's gate, so the order of calls is the order of
/// the queue, in memory and on disk. Items that merely wait are on disk alone; <see cref="ItemWindow"/> holds the run
/// next to be taken. This part appends, closes and purges; <c>Queue.Taking</c> hands out; <c>Queue.Loading</c> reads
/// the store.
/// </remarks>
public sealed partial class Queue : IQueue
{
    private readonly QueueShared _shared;
    private readonly Lock _gate = new();
    private readonly Reader _reader;
    private readonly ItemWindow _window;
    private readonly QueueRecord _record;

    private QueueSettings? _settings; // Those that _options were taken from.
    private QueueOptions _options = new();
    private bool _isStored;
    private bool _isGone;
    private long _tail; // The sequence of the next append.
    private long _appendedBytes;
    private long _lastAppendBatch;
    private long _itemCount;
    private long _itemBytes;
    private long _takenCount;
    private long _closedCount;
    private long _abortedCount;
    private long _expiredCount;
    private long _discardedCount;

    internal Queue(QueueShared shared, StoredQueue stored, QueueName name, bool isStored)
    {
        _shared = shared;
        _record = stored.Record;
        Damage = stored.Damage;
        _isStored = isStored;
        _reader = new Reader(stored.Reader);
        _window = new ItemWindow(shared.Budget);
        Name = name;

        // What was closed may have been trimmed from the store altogether: the reader's place counts as well.
        var closed = stored.Reader.Closed.Span;
        var closedLimit = closed.IsEmpty ? stored.Reader.Position : closed[^1];
        _tail = Math.Max(stored.LastSequence + 1, closedLimit);
        _appendedBytes = Math.Max(stored.AppendedBytes, stored.Reader.ClosedBytes);
        _itemCount = _tail - _reader.Position - _reader.Closed.Count;
        _itemBytes = _itemCount == 0 ? 0 : _appendedBytes - _reader.ClosedBytes;
        _trimmed = _reader.Position;
        _trimmedBytes = _reader.ClosedBytes;
        _reclaimedBytes = _trimmedBytes;
        _rewrittenBytes = _trimmedBytes;
    }

    /// <inheritdoc/>
    public QueueName Name { get; }

    /// <inheritdoc/>
    /// <remarks>Most takes end at once here, and one that must read the store brings many items into memory.</remarks>
    public bool TakesInPipelines => false;

    /// <summary>Whether the store knows the queue: from its first append on.</summary>
    internal bool IsStored
    {
        get
        {
            lock (_gate)
            {
                return _isStored;
            }
        }
    }

    internal bool IsGone
    {
        get
        {
            lock (_gate)
            {
                return _isGone;
            }
        }
    }

    internal long ItemCount
    {
        get
        {
            lock (_gate)
            {
                return _itemCount;
            }
        }
    }

    internal long Id => _record.Id;

    /// <summary>Why its stored bytes cannot be served, as the end of a sentence. They stay as they are until it is
    /// deleted.</summary>
    internal string? Damage { get; }

    /// <summary>Whether it can only be deleted.</summary>
    internal bool IsDamaged => Damage is not null;

    /// <summary>Whether its name is made up, because the one it had cannot be read.</summary>
    internal bool IsNameless { get; init; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
    {
        lock (_gate)
        {
            return _still is null ? new(Append(draft)) : ParkAppend(draft);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (_isGone || !_reader.TryEnd(session, sequence, out var read))
            {
                return new(default(Commit));
            }

            _closedCount++;
            _reader.Close(sequence, read.Slot.PayloadBytes);
            if (read.Mode == TakeMode.Plain)
            {
                MarkReaderLater();
                return new(default(Commit));
            }

            return new(new Commit(MarkReader(), CommitLevel.Written));
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_isGone && _reader.TryEnd(session, sequence, out var read))
            {
                _abortedCount++;
                Return(sequence, read.Slot);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync() => new(Purge());

    internal AppendResult Append(in ItemDraft draft)
    {
        lock (_gate)
        {
            if (_isGone)
            {
                return new AppendResult(AppendStatus.Gone, default);
            }

            ThrowIfHeldStill();
            ThrowIfDamaged();
            _shared.ThrowIfRefusing();
            if (!MayAppend(draft))
            {
                return new AppendResult(AppendStatus.Full, default);
            }

            if (!_isStored)
            {
                // The record goes with the first item: an atomic batch, so neither is ever found alone.
                using (_shared.Commits.HoldBatch())
                {
                    _shared.Commits.Mutate(_record, static (batch, record) => batch.PutQueue(record));
                    _isStored = true;
                    return new AppendResult(AppendStatus.Stored, AppendItem(draft));
                }
            }

            return new AppendResult(AppendStatus.Stored, AppendItem(draft));
        }
    }

    /// <summary>Holds the queue still while several are appended to in one batch.</summary>
    internal Lock.Scope Hold() => _gate.EnterScope();

    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    internal void ThrowIfDamaged()
    {
        if (IsDamaged)
        {
            throw Unreadable();
        }
    }

    internal Commit Purge()
    {
        lock (_gate)
        {
            if (_isGone || !_isStored)
            {
                return default;
            }

            ThrowIfHeldStill();
            ThrowIfDamaged();
            _reader.Purge(_tail, _appendedBytes);
            ForgetWindow();
            _itemCount = 0;
            _itemBytes = 0;
            return new Commit(MarkReader(), _shared.Commits.SetLevel);
        }
    }

    /// <summary>Ends the queue: its items, open reads and waits. The caller has taken it off the silo's list.</summary>
    /// <param name="nextQueueId">Kept with the deletion, so that the queue's id is never used again.</param>
    internal Commit Delete(long nextQueueId)
    {
        lock (_gate)
        {
            if (_isGone)
            {
                return default;
            }

            ThrowIfHeldStill();
            _isGone = true;
            ForgetWindow();
            EndAllWaits();
            return _isStored
                ? _shared.Commits.Mutate((_record.Id, nextQueueId), static (batch, ids) =>
                {
                    batch.DropQueue(ids.Id);
                    LocalQueues.PutNextQueueId(batch, ids.nextQueueId);
                })
                : default;
        }
    }

    /// <summary>Gives back what sessions of a gateway that is gone have open.</summary>
    internal void ReturnAll(long gateway)
    {
        lock (_gate)
        {
            foreach (var (sequence, session) in _reader.OpenReadsOf(gateway))
            {
                if (_reader.TryEnd(session, sequence, out var read))
                {
                    Return(sequence, read.Slot);
                }
            }
        }
    }

    internal QueueStats GetStats()
    {
        FindOldest();
        lock (_gate)
        {
            return new QueueStats(
                Name.Value, _shared.Store.Id, _itemCount, _itemBytes, OldestEnqueuedAt(), _reader.OpenCount,
                WaiterCount, _tail - 1, _takenCount, _closedCount, _abortedCount, _expiredCount, _window.Bytes,
                _discardedCount, IsDamaged);
        }
    }

    private SiberiteException Unreadable()
        => new(SiberiteError.ItemUnreadable, $"Queue {Name} cannot be read: {Damage}.", inner: null);

    private Commit AppendItem(in ItemDraft draft)
    {
        var bytes = (int)draft.Payload.Length;
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var header = new ItemHeader(_tail, draft.Flags, now, draft.ExpiresAt, _appendedBytes + bytes, Deliveries: 0);
        var commit = _shared.Commits.Append(_record.Id, header, draft.Payload, draft.MustSync);

        var continuesWindow = _reader.Next + _window.Count == _tail;
        _tail++;
        _appendedBytes += bytes;
        _itemCount++;
        _itemBytes += bytes;
        _lastAppendBatch = commit.Batch;
        _lastAppendBytes = bytes;
        var slot = new ItemSlot(null, bytes, draft.Flags, now, draft.ExpiresAt, commit.Batch);
        if (continuesWindow && HasRoomFor(slot))
        {
            _window.Add(slot with { Payload = draft.Payload.ToArray() });
        }

        ServeWaiters();
        DiscardOverflow();
        TellWatcher();
        return commit;
    }

    private bool HasRoomFor(in ItemSlot slot)
        => (_window.Count == 0 && WaiterCount > 0)
            || (_window.Bytes + slot.CachedBytes <= _shared.Budget.QueueShareBytes
                && _shared.Budget.HasRoomFor(slot.CachedBytes));

    private void Return(long sequence, in ItemSlot slot)
    {
        // A large payload is read again when its turn comes; a small one is cheaper to keep.
        var keeps = slot.PayloadBytes <= MaxKeptPayloadBytes;
        _reader.Return(sequence, keeps ? slot : slot with { Payload = null });
        _itemCount++;
        _itemBytes += slot.PayloadBytes;
        ServeWaiters();
        TellWatcher();
    }

    /// <summary>What the queue is told as of now. Only under the gate.</summary>
    private QueueOptions Options
    {
        get
        {
            var snapshot = _shared.Settings.Snapshot;
            if (!ReferenceEquals(snapshot, _settings))
            {
                (_settings, _options) = (snapshot, snapshot.Of(Name));
            }

            return _options;
        }
    }

    private long OldestEnqueuedAt()
        => _reader.HasReturned ? _reader.PeekReturned().Slot.EnqueuedAt
            : _window.Count > 0 ? _window.First.EnqueuedAt
            : _oldest.Sequence == _reader.Next ? _oldest.EnqueuedAt
            : 0;
}
