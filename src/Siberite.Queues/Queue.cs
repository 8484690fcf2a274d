using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>One queue of this silo: a strict FIFO that is far larger than memory.</summary>
/// <remarks>
/// Every call changes memory and appends its mutation under the queue's gate, so the order of calls is the order of
/// the queue, in memory and on disk. Items that merely wait are on disk alone. This part is what there is once for a
/// queue, its record and its tail; what there is for each of its readers is a <see cref="QueueReader"/>.
/// </remarks>
public sealed partial class Queue : IQueue
{
    private readonly QueueShared _shared;
    private readonly Lock _gate = new();
    private readonly QueueReader _main; // The default reader: what it closes leaves the queue.
    private readonly QueueRecord _record;

    private bool _isStored;
    private volatile bool _isGone;
    private volatile Queue[] _children = [];
    private long _tail; // The sequence of the next append.
    private long _appendedBytes;
    private long _lastAppendBatch;

    internal Queue(QueueShared shared, StoredQueue stored, QueueName name, bool isStored)
    {
        _shared = shared;
        _record = stored.Record.Name == name.Value ? stored.Record with { Name = name.Value } : stored.Record;
        Damage = stored.Damage;
        _isStored = isStored;
        Name = name;
        _main = new QueueReader(this, shared, number: 0, stored.Reader);

        // What was closed may have been trimmed from the store altogether: the reader's place counts as well.
        var closed = stored.Reader.Closed.Span;
        var closedLimit = closed.IsEmpty ? stored.Reader.Position : closed[^1];
        _tail = Math.Max(stored.LastSequence + 1, closedLimit);
        _appendedBytes = Math.Max(stored.AppendedBytes, stored.Reader.ClosedBytes);
        _main.CountWaiting(_tail, _appendedBytes);
        LoadExtras(stored.Extras);
        _trimmed = _main.Place.Position;
        _trimmedBytes = _main.Place.ClosedBytes;
        _reclaimedBytes = _trimmedBytes;
        _rewrittenBytes = _trimmedBytes;
        LoadCursors(stored.Cursors);
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

    internal bool IsGone => _isGone;

    internal long ItemCount
    {
        get
        {
            lock (_gate)
            {
                return _main.ItemCount;
            }
        }
    }

    internal bool HasWaiters
    {
        get
        {
            lock (_gate)
            {
                return Readers.Any(reader => reader.WaiterCount > 0);
            }
        }
    }

    internal long Id => _record.Id;

    /// <summary>What gets copies of what is appended here. Replaced as a whole.</summary>
    internal Queue[] Children { get => _children; set => _children = value; }

    /// <summary>Guards the queue and its readers.</summary>
    internal Lock Gate => _gate;

    /// <summary>The sequence of the next append. Only under the gate.</summary>
    internal long Tail => _tail;

    /// <summary>The batch that carries the last append of this run. Only under the gate.</summary>
    internal long LastAppendBatch => _lastAppendBatch;

    /// <summary>Why its stored bytes cannot be served, as the end of a sentence. They stay as they are until it is
    /// deleted.</summary>
    internal string? Damage { get; }

    /// <summary>Whether it can only be deleted.</summary>
    internal bool IsDamaged => Damage is not null;

    /// <summary>Whether its name is made up, because the one it had cannot be read.</summary>
    internal bool IsNameless { get; init; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(in ItemDraft draft)
        => draft.Payload.Length >= _shared.LargeBytes && draft.Large is null ? AppendLarge(draft) : AppendNow(draft);

    private ValueTask<AppendResult> AppendNow(in ItemDraft draft)
    {
        if (_children.Length > 0 && _shared.FansOut)
        {
            return new(JointAppend.Append(_shared, [this], draft));
        }

        lock (_gate)
        {
            return _still is null ? new(Append(draft)) : ParkAppend(draft);
        }
    }

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
    {
        lock (_gate)
        {
            if (_isGone)
            {
                return new(new TakeResult(TakeStatus.Gone, default, default));
            }

            if (IsDamaged)
            {
                return ValueTask.FromException<TakeResult>(Unreadable());
            }

            if (Options.Paused)
            {
                return ValueTask.FromException<TakeResult>(Paused());
            }

            return _still is null ? _main.TakeAsync(session, mode, wait) : ParkTake(session, mode, wait);
        }
    }

    /// <inheritdoc/>
    public void CancelWait(SessionId session)
    {
        lock (_gate)
        {
            _still?.Cancel(session, cursor: null);
            _main.CancelWait(session);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            return new(_isGone ? default : _main.Close(session, sequence));
        }
    }

    /// <inheritdoc/>
    public void CloseSent(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                _main.Close(session, sequence);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                _main.Abort(session, sequence);
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
            if (RefusalOf(draft) is { } refusal)
            {
                return refusal;
            }

            if (Options.FanoutOnly && _shared.FansOut && !Name.IsChild)
            {
                return new AppendResult(AppendStatus.Stored, default); // Its children have it, if it has any.
            }

            return new AppendResult(
                AppendStatus.Stored, _isStored && IsPlain(draft) ? AppendItem(draft) : AppendHoldingBatch(draft));
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
            PurgeCount++;
            var purged = _main.Purge(_tail, _appendedBytes);
            foreach (var cursor in _cursors ?? [])
            {
                cursor.Reader!.CatchUp();
            }

            return purged with { Batch = Math.Max(purged.Batch, PurgeDelayed()) };
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
            _memory?.Clear();
            ForgetWindows();
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
            foreach (var reader in Readers)
            {
                reader.ReturnAll(reader.Place.OpenReadsOf(gateway), haveFailed: true);
            }
        }
    }

    /// <summary>Ends all waits as if their time had run out.</summary>
    internal void EndWaits()
    {
        lock (_gate)
        {
            EndAllWaits();
        }
    }

    internal QueueStats GetStats()
    {
        _main.FindOldest();
        lock (_gate)
        {
            return new QueueStats(
                Name.Value, _shared.Store.Id, _main.ItemCount, _main.ItemBytes, _main.OldestEnqueuedAt(),
                _main.Place.OpenCount, Readers.Sum(reader => reader.WaiterCount), _tail - 1, _main.TakenCount,
                _main.ClosedCount, _main.AbortedCount, _main.ExpiredCount, Readers.Sum(reader => reader.CachedBytes),
                DiscardedCount, IsDamaged)
            {
                Children = [.. _children.Select(child => child.Name.Value).Order(StringComparer.Ordinal)],
                Cursors = [.. (_cursors ?? []).Select(StatsOf).OrderBy(cursor => cursor.Name, StringComparer.Ordinal)],
                IsHeldByCursors = IsHeldByCursors,
                OpenedCount = _main.OpenedCount,
                CachedCount = _main.CachedCount,
                PurgeCount = PurgeCount,
                StoredBytes = _appendedBytes - _trimmedBytes,
                IsPaused = Options.Paused,
                DelayedCount = Delayed?.Count ?? 0,
                DelayedBytes = Delayed?.Bytes ?? 0,
                DuplicateCount = DuplicateCount,
                FailedCount = _main.FailedCount,
                DeadLetterCount = _main.DeadLetterCount,
                RetriedCount = _main.RetriedCount,
            };
        }
    }

    private SiberiteException Unreadable()
        => new(SiberiteError.ItemUnreadable, $"Queue {Name} cannot be read: {Damage}.", inner: null);

    private Commit AppendItem(in ItemDraft draft)
        => AppendItem(draft, _shared.Time.GetUtcNow().ToUnixTimeMilliseconds(), deliveries: 0);

    private Commit AppendItem(in ItemDraft draft, long enqueuedAt, ushort deliveries)
    {
        var bytes = (int)draft.PayloadBytes;
        var header = new ItemHeader(
            _tail, draft.Flags, enqueuedAt, draft.ExpiresAt, _appendedBytes + bytes, deliveries);
        byte[]? copy = null;
        FollowJournalSetting();
        var large = _memory is null ? draft.Large : null;
        var commit = large is not null
            ? _shared.Commits.AppendLarge(_record.Id, header, large, DurabilityOf(draft))
            : _memory is null ? _shared.Commits.Append(_record.Id, header, draft.Payload, DurabilityOf(draft))
            : KeepInMemory(_memory, header, draft.Large is null ? draft.Payload : draft.Copied().Payload, out copy);

        var sequence = _tail;
        _tail++;
        _appendedBytes += bytes;
        _lastAppendBatch = commit.Batch;
        _lastAppendBytes = bytes;
        var slot = new ItemSlot(null, bytes, draft.Flags, enqueuedAt, draft.ExpiresAt, commit.Batch)
        {
            Large = large,
        };
        _main.OnAppended(sequence, slot, draft.Payload, deliveries, ref copy);
        if (_cursors is { } cursors)
        {
            foreach (var cursor in cursors)
            {
                cursor.Reader!.OnAppended(sequence, slot, draft.Payload, deliveries: 0, ref copy);
            }
        }

        DiscardOverflow();
        TellWatcher();
        return commit;
    }

    private void EndAllWaits()
    {
        _still?.CancelAll();
        foreach (var reader in Readers)
        {
            reader.EndAllWaits(default);
        }
    }
}
