using System.Buffers;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Items that are not due yet: they wait in the store, in order of their due times, and then go to the tail.
public sealed partial class Queue
{
    /// <summary>Items that go to the tail in one batch. 1,000, and no more payload than is read ahead: a millisecond
    /// under the gate.</summary>
    private const int MaxItemsPerMove = 1_000;

    /// <summary>How long items that are due wait for room on the disk before it is looked for again.</summary>
    private const long NoRoomPauseMilliseconds = 1_000;

    /// <summary>The last millisecond of the year 9999, beyond which no clock of ours goes.</summary>
    private const long LastMoment = 253_402_300_799_999;

    /// <summary>Items that neither wait nor are in hands: not due yet, or on their way out.</summary>
    internal long AsideCount
    {
        get
        {
            lock (_gate)
            {
                return (Delayed?.Count ?? 0) + _main.LeavingCount;
            }
        }
    }

    private void LoadExtras(in QueueExtras extras)
    {
        if (extras.LastIdOrdinal > 0)
        {
            Ids = new SeenIds(extras.FirstIdOrdinal, extras.LastIdOrdinal);
        }

        _main.LoadDeliveries(extras.Deliveries);
        if (extras.Delayed.NextNumber > 0)
        {
            Delayed = new DelayedItems(extras.Delayed);
            SetDelayedAlarm();
        }
    }

    /// <summary>Whether the item is simply the next one of the queue.</summary>
    private bool IsPlain(in ItemDraft draft)
        => draft.Id is null && draft.Delay is null && Options.Delay == TimeSpan.Zero;

    /// <summary>Appends all that belongs to the item in one batch, so that nothing of it is ever found alone.</summary>
    private Commit AppendHoldingBatch(in ItemDraft draft)
    {
        using (_shared.Commits.HoldBatch())
        {
            if (!_isStored)
            {
                PutQueue();
            }

            if (draft.Id is { } id)
            {
                RememberId(id);
            }

            var delay = draft.Delay ?? Options.Delay;
            return delay <= TimeSpan.Zero ? AppendItem(draft)
                : AppendDelayed(draft.Large is null ? draft : draft.Copied(), delay);
        }
    }

    private Commit AppendDelayed(in ItemDraft draft, TimeSpan delay)
    {
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var dueAt = Math.Min(LastMoment, now + (long)Math.Ceiling(delay.TotalMilliseconds));

        // For all that counts from the append it is appended when it is due; its expiry counts from the set.
        var header = new ItemHeader(0, draft.Flags, dueAt, draft.ExpiresAt, AppendedBytes: 0, Deliveries: 0);
        return AppendDelayed(dueAt, header, draft.Payload, DurabilityOf(draft));
    }

    private Commit AppendDelayed(
        long dueAt, in ItemHeader header, in ReadOnlySequence<byte> payload, Durability durability)
    {
        Delayed ??= new DelayedItems(default);
        var key = Delayed.NextKey(dueAt);
        var isFirst = Delayed.Add(key, (int)payload.Length);
        var commit = _shared.Commits.AppendDelayed(_record.Id, key, header, payload, durability, Delayed.State);
        Delayed.NoteBatch(commit.Batch);
        if (isFirst)
        {
            SetDelayedAlarm();
        }

        return commit;
    }

    /// <returns>The batch that drops them; 0 if there were none.</returns>
    private long PurgeDelayed()
    {
        if (Delayed is not { Count: > 0 } delayed)
        {
            return 0;
        }

        delayed.Clear();
        var commit = _shared.Commits.Mutate((_record.Id, delayed.State), static (batch, queue) =>
        {
            batch.DropDelayed(queue.Id);
            batch.PutDelayedState(queue.Id, queue.State);
        });
        delayed.NoteBatch(commit.Batch);
        return commit.Batch;
    }

    /// <summary>Has those that are due moved when the first one is.</summary>
    private void SetDelayedAlarm(long notBefore = 0)
    {
        if (Delayed is { Count: > 0, IsMoving: false } delayed && _still is null && !IsDamaged)
        {
            _shared.Alarms.Set(
                DueAlarm ??= new DelayedAlarm(this), Math.Max(notBefore, delayed.First.DueAt));
        }
    }

    /// <summary>Moves those that are due to the tail. In the background, one pass of a queue at a time.</summary>
    private void MoveDue()
    {
        if (!TryBeginMove(out var first, out var epoch))
        {
            return;
        }

        var found = new List<DelayedItem>();
        DelayedKey? next;
        try
        {
            var dueLimit = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds() + 1;
            _shared.Store.ReadDelayed(
                _record.Id, first, dueLimit, MaxItemsPerMove, _shared.ReadAheadBytes, found);
            next = _shared.Store.FindDelayed(_record.Id, found.Count > 0 ? found[^1].Key.Next : first);
        }
        catch (Exception e) when (e is SiberiteException or ObjectDisposedException)
        {
            AbandonMove(first, e);
            return;
        }

        EndMove(first, epoch, found, next);
    }

    /// <returns>Whether there is something to read, and all of it is written. If it is not, the pass comes again when
    /// it is.</returns>
    private bool TryBeginMove(out DelayedKey first, out long epoch)
    {
        (first, epoch) = (default, 0);
        Commit awaited;
        lock (_gate)
        {
            if (_isGone || _still is not null || Delayed is not { Count: > 0, IsMoving: false } delayed)
            {
                return false;
            }

            awaited = new Commit(delayed.Batch, CommitLevel.Written);
            if (_shared.Commits.IsDone(awaited))
            {
                (first, epoch) = (delayed.First, delayed.Epoch);
                delayed.IsMoving = true;
                delayed.MoveFirst(DelayedKey.Last); // Those that are added from now on lower it.
                return true;
            }
        }

        if (!_shared.Commits.HasFailed)
        {
            _shared.Commits.Notify(awaited, DueAlarm!);
            _shared.Commits.Request(awaited);
        }

        return false;
    }

    private void AbandonMove(DelayedKey first, Exception e)
    {
        if (e is SiberiteException)
        {
            LogDelayedUnreadable(_shared.Log, Name.Value, e);
        }

        lock (_gate)
        {
            if (Delayed!.First > first)
            {
                Delayed.MoveFirst(first);
            }

            Delayed.IsMoving = false;
            if (e is SiberiteException && !_shared.Commits.HasFailed)
            {
                SetDelayedAlarm(_shared.Time.GetUtcNow().ToUnixTimeMilliseconds() + NoRoomPauseMilliseconds);
            }
        }
    }

    private void EndMove(DelayedKey first, long epoch, List<DelayedItem> found, DelayedKey? next)
    {
        lock (_gate)
        {
            var delayed = Delayed!;
            delayed.IsMoving = false;
            if (_isGone || epoch != delayed.Epoch)
            {
                SetDelayedAlarm(); // All of these were thrown away; others may have come.
                return;
            }

            var mayMove = _still is null && _shared.Store.HasRoom && !_shared.Commits.HasFailed;
            var rest = !mayMove ? first : next ?? DelayedKey.Last;
            var isLost = found.Count == 0 && next is null && delayed.First == DelayedKey.Last;
            delayed.MoveFirst(delayed.First < rest ? delayed.First : rest);
            if (mayMove && (found.Count > 0 || isLost))
            {
                Move(delayed, found, isLost);
            }

            SetDelayedAlarm(
                mayMove ? 0 : _shared.Time.GetUtcNow().ToUnixTimeMilliseconds() + NoRoomPauseMilliseconds);
        }
    }

    private void Move(DelayedItems delayed, List<DelayedItem> found, bool isLost)
    {
        using (_shared.Commits.HoldBatch())
        {
            foreach (var (key, item) in found)
            {
                delayed.Remove(item.Payload.Length);
                _shared.Commits.Mutate((_record.Id, key), static (batch, one) => batch.RemoveDelayed(one.Id, one.key));
                Arrive(item);
            }

            if (isLost)
            {
                LogDelayedLost(_shared.Log, Name.Value, delayed.Count);
                delayed.Clear();
            }

            var commit = _shared.Commits.Mutate(
                (_record.Id, delayed.State), static (batch, queue) => batch.PutDelayedState(queue.Id, queue.State));
            delayed.NoteBatch(commit.Batch);
        }
    }

    private void Arrive(in StoredItem item)
    {
        var header = item.Header;
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (header.ExpiresAt != 0 && header.ExpiresAt <= now && ExpireToName is null)
        {
            _main.CountExpired();
            return;
        }

        var draft = new ItemDraft(new ReadOnlySequence<byte>(item.Payload), header.Flags, header.ExpiresAt, false);
        AppendItem(draft, header.EnqueuedAt, header.Deliveries);
    }

    /// <summary>Rings when the first delayed item is due, or when what the pass waits for is written.</summary>
    private sealed class DelayedAlarm(Queue queue) : Alarm, ICommitListener
    {
        public override void Execute() => queue.MoveDue();

        public void OnCommitted() => queue._shared.Background.Run(this);
    }

    [LoggerMessage(1510, LogLevel.Error,
        "Queue {Queue}: {ItemCount} delayed items are not in the store although they were committed.")]
    private static partial void LogDelayedLost(ILogger log, string queue, long itemCount);

    [LoggerMessage(1511, LogLevel.Error, "Queue {Queue}: delayed items could not be read. It is tried again.")]
    private static partial void LogDelayedUnreadable(ILogger log, string queue, Exception e);
}
