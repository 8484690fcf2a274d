using Siberite.Contracts;

namespace Siberite.Queues;

// Items whose time is over. Whoever takes passes over them; nobody needs to take for them to go.
internal sealed partial class QueueReader
{
    /// <summary>Who looks at the head so that expired items go: nobody's session.</summary>
    private static readonly SessionId SweepSession = new(Gateway: 0, Number: long.MinValue);

    /// <summary>How long a head that does not expire is left alone before somebody looks whether it is gone and another
    /// one expires. 30 s: one look into memory.</summary>
    private const long HeadLookMilliseconds = 30_000;

    /// <summary>Items on their way out beyond which no more are let go: their target may be away. 10,000: a
    /// megabyte.</summary>
    private const int MaxLeavingCount = 10_000;

    /// <summary>Looks at the head of a queue that was found at a start, or whose settings are new. Takes the gate
    /// itself.</summary>
    public void LookAtExpiry()
    {
        var expiresAt = ReadHeadExpiry();
        lock (_gate)
        {
            SetExpiryAlarm(expiresAt);
        }
    }

    /// <summary>Looks at the head anew, after a time in which nothing was let go.</summary>
    public void ResumeExpiry()
    {
        if (HeadAlarm is not null)
        {
            _shared.Alarms.Set(HeadAlarm, NowMilliseconds());
        }
    }

    /// <summary>Lets expired items at the head go, one pass after the other until none is left.</summary>
    /// <returns>How many went.</returns>
    public async ValueTask<long> DropExpiredAsync()
    {
        var total = 0L;
        long count;
        do
        {
            Task<long> sweep;
            lock (_gate)
            {
                // Two at a time would count each other's.
                sweep = RunningSweep is { IsCompleted: false } running ? running : RunningSweep = SweepAsync();
            }

            count = await sweep;
            total += count;
        }
        while (count > 0);
        return total;
    }

    /// <summary>When the item stops being served, as of the settings now, in Unix milliseconds; 0 for never.</summary>
    private long ExpiryOf(in ItemSlot slot)
    {
        var maxAge = _queue.Options.MaxAge;
        if (maxAge == TimeSpan.Zero)
        {
            return slot.ExpiresAt;
        }

        var oldest = slot.EnqueuedAt + (long)maxAge.TotalMilliseconds;
        return slot.ExpiresAt == 0 ? oldest : Math.Min(oldest, slot.ExpiresAt);
    }

    /// <summary>An item that may expire waits from now on. Most queues have none, and pay a comparison.</summary>
    private void NoteExpiry(in ItemSlot slot)
    {
        var expiresAt = ExpiryOf(slot);
        if (expiresAt != 0 && _number == 0 && (HeadAlarm is null || expiresAt < HeadAlarm.At))
        {
            SetExpiryAlarm(expiresAt);
        }
    }

    private void Expire(long sequence, in ItemSlot slot)
    {
        ExpiredCount++;
        if (_number == 0 && _queue.ExpireToName is not null)
        {
            Detach(sequence, slot);
            SetAside(sequence, slot, Fate.Expired);
        }
        else
        {
            Drop(sequence, slot);
        }
    }

    /// <summary>One pass: a look at the head by nobody, which lets all before it go that has expired.</summary>
    private async Task<long> SweepAsync()
    {
        long before;
        ValueTask<TakeResult> look;
        lock (_gate)
        {
            if (_queue.IsGone || _queue.IsStill || _queue.IsDamaged || LeavingCount >= MaxLeavingCount)
            {
                return 0;
            }

            before = ExpiredCount;
            var max = _queue.Options.MaxExpireSweep;
            SweepLeft = max == 0 ? int.MaxValue : max;
            look = TakeAsync(SweepSession, TakeMode.Peek, TimeSpan.Zero, isAdmin: true);
        }

        await look;
        lock (_gate)
        {
            return ExpiredCount - before;
        }
    }

    private async Task RingExpiryAsync()
    {
        try
        {
            var expiresAt = ReadHeadExpiry();
            if (expiresAt != 0 && expiresAt <= NowMilliseconds())
            {
                await SweepAsync();
                expiresAt = ReadHeadExpiry();
            }

            lock (_gate)
            {
                SetExpiryAlarm(expiresAt);
            }
        }
        catch (SiberiteException)
        {
            // Whoever takes is told. Here it is tried again.
            _shared.Alarms.Set(HeadAlarm!, NowMilliseconds() + HeadLookMilliseconds);
        }
        catch (ObjectDisposedException)
        {
            // The silo has stopped meanwhile.
        }
    }

    /// <summary>At most one item is read, and not kept.</summary>
    /// <returns>When the head expires; 0 if it does not, there is none, or nothing may go now.</returns>
    private long ReadHeadExpiry()
    {
        long next;
        lock (_gate)
        {
            if (_queue.IsGone || _queue.IsStill || _queue.IsDamaged || ItemCount == 0)
            {
                return 0;
            }

            if (IsHeadKnown(out var expiresAt))
            {
                return expiresAt;
            }

            next = _place.Next;
        }

        var found = new List<StoredItem>();
        _queue.ReadItems(next, _queue.Tail, maxBytes: 1, found);
        lock (_gate)
        {
            return found.Count > 0 ? ExpiryOf(SlotOf(found[0])) : 0;
        }
    }

    /// <returns>Whether memory knows what comes next; also if nothing does.</returns>
    private bool IsHeadKnown(out long expiresAt)
    {
        expiresAt = 0;
        if (!TryFindNext(out _, out var slot))
        {
            return true;
        }

        if (!slot.IsAtHand && !_place.HasReturned)
        {
            return false;
        }

        expiresAt = ExpiryOf(slot);
        return true;
    }

    /// <param name="expiresAt">When the head expires; 0 if it does not, or there is none.</param>
    private void SetExpiryAlarm(long expiresAt)
    {
        if (expiresAt != 0)
        {
            _shared.Alarms.Set(HeadAlarm ??= new ExpiryAlarm(this), expiresAt);
        }
        else if (HeadAlarm is not null && ItemCount > 0)
        {
            _shared.Alarms.Set(HeadAlarm, NowMilliseconds() + HeadLookMilliseconds);
        }
    }

    /// <summary>Rings when the head may have expired.</summary>
    private sealed class ExpiryAlarm(QueueReader reader) : Alarm
    {
        public override void Execute() => _ = reader.RingExpiryAsync();
    }
}
