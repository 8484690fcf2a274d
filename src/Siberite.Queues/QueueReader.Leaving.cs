using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>What becomes of an item that no session takes for good.</summary>
internal enum Fate : byte
{
    /// <summary>It goes back to its place.</summary>
    Stays,

    /// <summary>It goes to the dead-letter queue.</summary>
    DeadLetter,

    /// <summary>It is kept back for a time, and then goes to the tail.</summary>
    Retry,

    /// <summary>It goes to the queue that expired items go to.</summary>
    Expired,
}

// Items that leave their place by themselves. They are in nobody's hands meanwhile: a crash finds them where they were.
internal sealed partial class QueueReader
{
    /// <summary>Pause before an item that could not leave is tried again. 1 s: its target may be away, or the disk
    /// full.</summary>
    private const long LeavePauseMilliseconds = 1_000;

    private enum LeaveOutcome
    {
        Done,
        Failed,
        MustWait,
    }

    /// <summary>Items that are on their way out.</summary>
    public int LeavingCount => Leaving?.Count ?? 0;

    /// <summary>Lets what was set aside go on its way.</summary>
    public void StartLeaving()
    {
        if (Leaving is { Count: > 0 } && !IsLeaving && !_queue.IsStill)
        {
            IsLeaving = true;
            _shared.Background.Run(LeavingAlarm ??= new LeaveAlarm(this));
        }
    }

    private void SetAside(long sequence, in ItemSlot slot, Fate fate)
    {
        (Leaving ??= []).Add(sequence, new LeavingItem(Kept(slot), fate));
        StartLeaving();
    }

    /// <summary>Takes the items one by one to where they go. In the background, one pass of a reader at a time; never
    /// with one queue held while it waits for another.</summary>
    private async Task LeaveAsync()
    {
        var mustPause = false;
        try
        {
            while (!mustPause && TryFindLeaving(out var sequence, out var leaving, out var isWritten))
            {
                mustPause = !await TryLeaveAsync(sequence, leaving, isWritten);
            }
        }
        catch (Exception e) when (e is SiberiteException or ObjectDisposedException)
        {
            LogCannotLeave(_shared.Log, _queue.Name.Value, e);
            mustPause = true;
        }

        lock (_gate)
        {
            IsLeaving = false;
            if (!mustPause)
            {
                StartLeaving();
            }
            else if (!_shared.Commits.HasFailed)
            {
                IsLeaving = true; // Until the alarm rings.
                _shared.Alarms.Set(LeavingAlarm!, NowMilliseconds() + LeavePauseMilliseconds);
            }
        }
    }

    private bool TryFindLeaving(out long sequence, out LeavingItem leaving, out bool isWritten)
    {
        lock (_gate)
        {
            (sequence, leaving) = Leaving?.FirstOrDefault() ?? default;
            isWritten = _queue.LastAppendBatch <= _shared.Commits.WrittenBatch;
            return sequence != 0 && !_queue.IsGone && !_queue.IsStill;
        }
    }

    private async ValueTask<bool> TryLeaveAsync(long sequence, LeavingItem leaving, bool isWritten)
    {
        if (ReadPayload(sequence, leaving) is not { } payload)
        {
            return isWritten && Lose(sequence);
        }

        if (leaving.Fate == Fate.Retry)
        {
            return await TryLeaveToAsync(sequence, leaving, payload, target: null);
        }

        if ((leaving.Fate == Fate.Expired ? _queue.ExpireToName : _queue.DeadLetterName) is not { } name)
        {
            return GiveBack(sequence, leaving); // The settings have changed their mind.
        }

        var remote = _shared.Targets is { } targets ? await targets.OpenAsync(name) : null;
        return remote is null
            ? await TryLeaveToAsync(sequence, leaving, payload, _shared.OpenHere!(name))
            : await TryLeaveToRemoteAsync(sequence, leaving, payload, remote);
    }

    private byte[]? ReadPayload(long sequence, in LeavingItem leaving)
    {
        if (leaving.Slot.Payload is { } known)
        {
            return known;
        }

        if (leaving.Slot.Large is { } large && TryHold(sequence, large))
        {
            try
            {
                return large.ToArray();
            }
            finally
            {
                large.Release();
            }
        }

        var found = new List<StoredItem>();
        _queue.ReadItems(sequence, sequence + 1, maxBytes: 1, found);
        return found.Count == 0 ? null : found[0].Payload;
    }

    private bool TryHold(long sequence, ILargePayload large)
    {
        lock (_gate)
        {
            var isThere = Leaving?.ContainsKey(sequence) == true;
            if (isThere)
            {
                large.Hold();
            }

            return isThere;
        }
    }

    /// <summary>Within this silo: one batch takes the item from here and puts it there.</summary>
    private async ValueTask<bool> TryLeaveToAsync(long sequence, LeavingItem leaving, byte[] payload, Queue? target)
    {
        while (true)
        {
            var outcome = TryLeave(sequence, leaving, payload, target);
            if (outcome != LeaveOutcome.MustWait)
            {
                return outcome == LeaveOutcome.Done;
            }

            var wait = new SealedWait();
            _shared.Commits.Notify(new Commit(_shared.Commits.SealedBatch, CommitLevel.Written), wait);
            await wait.Task;
            if (_shared.Commits.HasFailed)
            {
                return false;
            }
        }
    }

    private LeaveOutcome TryLeave(long sequence, in LeavingItem leaving, byte[] payload, Queue? target)
    {
        // In order of id, as always when two queues are held.
        var (outer, inner) = target is null ? (_queue, _queue)
            : _queue.Id < target.Id ? (_queue, target)
            : (target, _queue);
        using (outer.Hold())
        using (inner.Hold())
        {
            if (_queue.IsGone || Leaving?.ContainsKey(sequence) != true)
            {
                return LeaveOutcome.Done; // Deleted or purged meanwhile.
            }

            if (_queue.IsStill || !_shared.Store.HasRoom || _shared.Commits.HasFailed || target?.MayReceive == false)
            {
                return LeaveOutcome.Failed;
            }

            using (_shared.Commits.HoldBatch())
            {
                return _shared.Commits.IsAssembled
                    ? Leave(sequence, leaving, payload, target)
                    : LeaveOutcome.MustWait;
            }
        }
    }

    private LeaveOutcome Leave(long sequence, in LeavingItem leaving, byte[] payload, Queue? target)
    {
        var slot = leaving.Slot;
        var bytes = new ReadOnlySequence<byte>(payload);
        if (target is null)
        {
            RetriedCount++;
            _queue.AppendRetry(slot, bytes, DeliveryCounts?.Of(sequence) ?? 0);
        }
        else
        {
            DeadLetterCount += leaving.Fate == Fate.DeadLetter ? 1 : 0;
            target.AppendMoved(new ItemDraft(bytes, slot.Flags, ExpiresAt: 0, MustSync: false));
        }

        CloseLeaving(sequence, slot.PayloadBytes);
        _shared.Commits.Mutate(
            (_queue.Id, _number, State: _queue.StateToStore(this)),
            static (batch, one) => batch.PutReader(one.Id, one._number, one.State));
        return LeaveOutcome.Done;
    }

    /// <summary>To another silo: there first, then closed here. A crash between sends it again, under the same id.
    /// </summary>
    private async ValueTask<bool> TryLeaveToRemoteAsync(
        long sequence, LeavingItem leaving, byte[] payload, IQueue remote)
    {
        var slot = leaving.Slot;
        var id = Encoding.ASCII.GetBytes($"{_shared.Store.Id}/{_queue.Id}/{_number}/{sequence}");
        var result = await remote.AppendAsync(
            new ItemDraft(new ReadOnlySequence<byte>(payload), slot.Flags, ExpiresAt: 0, MustSync: false) { Id = id });
        if (result.Status is not (AppendStatus.Stored or AppendStatus.Duplicate))
        {
            return false;
        }

        lock (_gate)
        {
            if (!_queue.IsGone && !_queue.IsStill && Leaving?.ContainsKey(sequence) == true)
            {
                DeadLetterCount += leaving.Fate == Fate.DeadLetter ? 1 : 0;
                CloseLeaving(sequence, slot.PayloadBytes);
                MarkLater();
            }
        }

        return true;
    }

    private bool GiveBack(long sequence, in LeavingItem leaving)
    {
        lock (_gate)
        {
            if (!_queue.IsGone && Leaving?.Remove(sequence) == true)
            {
                Return(sequence, leaving.Slot);
            }

            return true;
        }
    }

    private bool Lose(long sequence)
    {
        lock (_gate)
        {
            if (Leaving?.ContainsKey(sequence) == true)
            {
                LogItemsLost(_shared.Log, _queue.Name.Value, sequence, sequence);
                CloseLeaving(sequence, payloadBytes: 0);
                MarkLater();
            }

            return true;
        }
    }

    private void CloseLeaving(long sequence, int payloadBytes)
    {
        Leaving!.Remove(sequence);
        ForgetDeliveries(sequence);
        _place.Close(sequence, payloadBytes);
    }

    private readonly record struct LeavingItem(ItemSlot Slot, Fate Fate);

    /// <summary>Has the pass go on where it is told, in the background.</summary>
    private sealed class SealedWait : TaskCompletionSource, ICommitListener
    {
        public void OnCommitted() => TrySetResult();
    }

    /// <summary>Runs a pass, and rings when one is to be tried again.</summary>
    private sealed class LeaveAlarm(QueueReader reader) : Alarm
    {
        public override void Execute() => _ = reader.LeaveAsync();
    }

    [LoggerMessage(1513, LogLevel.Warning, "Queue {Queue}: an item cannot go where it should. It is tried again.")]
    private static partial void LogCannotLeave(ILogger log, string queue, Exception e);
}
