using Siberite.Contracts;

namespace Siberite.Queues;

// What sessions have in their hands.
internal sealed partial class ReaderPlace
{
    public void Open(long sequence, in OpenRead read)
    {
        (_open ??= []).Add(sequence, read);
        OpenCount += read.Mode == TakeMode.Open ? 1 : 0;
    }

    /// <summary>Ends an open read of <paramref name="session"/>.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryEnd(SessionId session, long sequence, out OpenRead read)
    {
        read = default;
        var isOpen = _open is not null
            && _open.TryGetValue(sequence, out read)
            && read.Session == session
            && _open.Remove(sequence);
        OpenCount -= isOpen && read.Mode == TakeMode.Open ? 1 : 0;
        return isOpen;
    }

    /// <summary>Everything in the hands of sessions, plain takes included.</summary>
    public int HeldCount => _open?.Count ?? 0;

    /// <summary>The same, as a list.</summary>
    public List<(long Sequence, SessionId Session)> HeldReads()
        => _open is null ? [] : [.. _open.Select(pair => (pair.Key, pair.Value.Session))];

    /// <summary>An open read of <paramref name="session"/>, which it stays.</summary>
    public bool TryFind(SessionId session, long sequence, out OpenRead read)
    {
        read = default;
        return _open is not null && _open.TryGetValue(sequence, out read) && read.Session == session;
    }

    /// <summary>Has a lease last at least until <paramref name="endsAt"/>.</summary>
    /// <returns>Whether <paramref name="session"/> has the item open.</returns>
    public bool TryTouch(SessionId session, long sequence, long endsAt)
    {
        if (!TryFind(session, sequence, out var read))
        {
            return false;
        }

        if (read.LeaseEndsAt != 0 && read.LeaseEndsAt < endsAt)
        {
            _open![sequence] = read with { LeaseEndsAt = endsAt };
        }

        return true;
    }

    /// <summary>The open reads whose leases have run out, in order.</summary>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="next">When the next one does; <see cref="long.MaxValue"/> for never.</param>
    public List<(long Sequence, SessionId Session)> ReadsOverdue(long now, out long next)
    {
        next = long.MaxValue;
        var overdue = new List<(long Sequence, SessionId Session)>();
        foreach (var (sequence, read) in _open ?? [])
        {
            if (read.LeaseEndsAt != 0 && read.LeaseEndsAt <= now)
            {
                overdue.Add((sequence, read.Session));
            }
            else if (read.LeaseEndsAt != 0)
            {
                next = Math.Min(next, read.LeaseEndsAt);
            }
        }

        overdue.Sort();
        return overdue;
    }

    /// <summary>Whether a session has the item.</summary>
    public bool IsHeld(long sequence) => _open?.ContainsKey(sequence) == true;

    /// <summary>The open reads of all sessions of one gateway.</summary>
    public List<(long Sequence, SessionId Session)> OpenReadsOf(long gateway)
        => _open is null
            ? []
            : [.. _open.Where(pair => pair.Value.Session.Gateway == gateway)
                .OrderBy(pair => pair.Key) // So that whoever waits is served the oldest first.
                .Select(pair => (pair.Key, pair.Value.Session))];
}
