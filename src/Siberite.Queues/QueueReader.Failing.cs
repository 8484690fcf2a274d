using Siberite.Contracts;

namespace Siberite.Queues;

// Open reads that end without a close: how often that has happened to an item, and leases.
internal sealed partial class QueueReader
{
    /// <summary>Shortest time between looks at leases. 100 ms: a look goes through all open reads of the
    /// queue.</summary>
    private const long LeaseLookMilliseconds = 100;

    /// <summary>Takes up what an earlier run has counted.</summary>
    public void LoadDeliveries(IReadOnlyList<Deliveries>? found)
    {
        foreach (var (reader, sequence, count) in found ?? [])
        {
            if (reader != _number)
            {
                continue;
            }

            (DeliveryCounts ??= new DeliveryCounts()).Load(sequence, count);
            if (_place.IsClosed(sequence))
            {
                ForgetDeliveries(sequence);
            }
        }
    }

    /// <summary>What the store has counts of.</summary>
    public IEnumerable<Deliveries> StoredDeliveries()
        => DeliveryCounts?.Stored().Select(each => new Deliveries(_number, each.Sequence, each.Count)) ?? [];

    /// <summary>Takes an open read back from a session that is gone.</summary>
    public void Fail(SessionId session, long sequence)
    {
        if (_place.TryEnd(session, sequence, out var read))
        {
            FailedCount += read.Mode == TakeMode.Open ? 1 : 0;
            ReturnFailed(sequence, read.Slot);
        }
    }

    public bool TryTouch(SessionId session, long sequence, TimeSpan lease)
        => _place.TryTouch(session, sequence, NowMilliseconds() + (long)lease.TotalMilliseconds);

    /// <summary>Takes back what has been open for too long, and looks again when the next lease runs out. Takes the
    /// gate itself.</summary>
    public void EndLeases()
    {
        lock (_gate)
        {
            if (_queue.IsGone || _queue.IsStill)
            {
                return;
            }

            var now = NowMilliseconds();
            var overdue = _place.ReadsOverdue(now, out var next);
            foreach (var (sequence, session) in overdue)
            {
                Fail(session, sequence);
            }

            SetLeaseAlarm(Math.Max(next, now + LeaseLookMilliseconds));
        }
    }

    /// <summary>Looks at leases anew, after a time in which none was ended.</summary>
    public void ResumeLeases()
    {
        if (LeasesAlarm is not null)
        {
            _shared.Alarms.Set(LeasesAlarm, NowMilliseconds());
        }
    }

    private long NowMilliseconds() => _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Makes an open read of an item.</summary>
    /// <param name="shown">What the reply that shows it waits for.</param>
    /// <param name="session">Whose it is.</param>
    /// <param name="mode">What it is for. A plain get is closed as soon as it is sent, and is not counted.</param>
    /// <param name="sequence">The item.</param>
    /// <param name="slot">What is known of it.</param>
    /// <returns>The same, or what waits for the count as well: a crash while the item is open must find it.</returns>
    private Commit Open(Commit shown, SessionId session, TakeMode mode, long sequence, in ItemSlot slot)
    {
        var options = _queue.Options;
        if (mode != TakeMode.Open || (options.OpenReadTimeout == TimeSpan.Zero && !CountsDeliveries(options)))
        {
            _place.Open(sequence, new OpenRead(session, mode, Kept(slot)));
            return shown;
        }

        var lease = (long)options.OpenReadTimeout.TotalMilliseconds;
        var endsAt = lease == 0 ? 0 : NowMilliseconds() + lease;
        _place.Open(sequence, new OpenRead(session, mode, Kept(slot)) { LeaseEndsAt = endsAt });
        if (endsAt != 0 && (LeasesAlarm is null || endsAt < LeasesAlarm.At))
        {
            SetLeaseAlarm(endsAt);
        }

        return CountsDeliveries(options) ? CountOpen(shown, sequence) : shown;
    }

    private bool CountsDeliveries(QueueOptions options)
        => _number == 0 && (options.MaxDeliveries > 0 || options.RetryDelay > TimeSpan.Zero);

    private Commit CountOpen(Commit shown, long sequence)
    {
        var count = (DeliveryCounts ??= new DeliveryCounts()).Add(sequence);
        var batch = PutDeliveries(sequence, count);
        return _shared.Commits.IsDone(shown)
            ? new Commit(batch, CommitLevel.Written)
            : shown with { Batch = Math.Max(shown.Batch, batch) };
    }

    private long PutDeliveries(long sequence, int count)
        => _queue.IsInMemory
            ? 0
            : _shared.Commits.Mutate(
                (_queue.Id, new Deliveries(_number, sequence, count)),
                static (batch, one) => batch.PutDeliveries(one.Id, one.Item2)).Batch;

    /// <summary>A session declined the item: the count is what it was before.</summary>
    private void TakeBackDelivery(long sequence)
    {
        if (DeliveryCounts?.TakeBack(sequence) is { } count)
        {
            PutDeliveries(sequence, count);
        }
    }

    /// <summary>The item is closed, or leaves.</summary>
    private void ForgetDeliveries(long sequence)
    {
        if (DeliveryCounts?.Remove(sequence) == true && !_queue.IsInMemory)
        {
            _shared.Commits.Mutate(
                (_queue.Id, _number, sequence),
                static (batch, one) => batch.RemoveDeliveries(one.Id, one._number, one.sequence));
        }
    }

    /// <summary>All that waits was closed; what is open stays.</summary>
    private void ForgetDeliveriesBut()
    {
        Leaving?.Clear();
        foreach (var (sequence, _) in DeliveryCounts?.Stored() ?? [])
        {
            if (!_place.IsHeld(sequence))
            {
                ForgetDeliveries(sequence);
            }
        }
    }

    private void ReturnFailed(long sequence, in ItemSlot slot)
    {
        var fate = DeliveryCounts is null ? Fate.Stays : FateOf(sequence);
        if (fate == Fate.Stays)
        {
            Return(sequence, slot);
        }
        else
        {
            SetAside(sequence, slot, fate);
        }
    }

    /// <summary>What becomes of an item that was opened in vain.</summary>
    private Fate FateOf(long sequence)
    {
        var count = DeliveryCounts!.Of(sequence);
        return count == 0 ? Fate.Stays
            : IsPoisoned(count) ? Fate.DeadLetter
            : _number == 0 && _queue.Options.RetryDelay > TimeSpan.Zero ? Fate.Retry
            : Fate.Stays;
    }

    private bool IsPoisoned(int count)
        => _number == 0
            && _queue.Options.MaxDeliveries is > 0 and var max
            && count >= max
            && _queue.DeadLetterName is not null;

    private void SetLeaseAlarm(long at)
    {
        if (at != long.MaxValue)
        {
            _shared.Alarms.Set(LeasesAlarm ??= new LeaseAlarm(this), at);
        }
    }

    /// <summary>Rings when the first lease may have run out.</summary>
    private sealed class LeaseAlarm(QueueReader reader) : Alarm
    {
        public override void Execute() => reader.EndLeases();
    }
}
