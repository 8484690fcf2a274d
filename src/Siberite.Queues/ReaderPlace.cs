using System.Diagnostics;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>A reader's place in a queue: what it has closed, what is open, what came back, what comes next.</summary>
/// <remarks>
/// Pure state, no clock, no disk, no locks. Every sequence below <see cref="Next"/> is in exactly one of four places:
/// below <see cref="Position"/> or in the closed ranges (closed), open, or returned.
/// </remarks>
internal sealed class ReaderPlace
{
    private readonly ClosedRanges _closed = new();
    private Dictionary<long, OpenRead>? _open;
    private SortedDictionary<long, ItemSlot>? _returned;

    public ReaderPlace(in ReaderState state)
    {
        Position = state.Position;
        Next = Position;
        ClosedBytes = state.ClosedBytes;
        var bounds = state.Closed.Span;
        for (var i = 0; i < bounds.Length; i += 2)
        {
            _closed.AddRange(bounds[i], bounds[i + 1]);
        }
    }

    /// <summary>Every item below it is closed.</summary>
    public long Position { get; private set; }

    /// <summary>The first sequence never handed out since the start.</summary>
    public long Next { get; private set; }

    /// <summary>Payload bytes closed since the queue's creation.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Open reads of clients; plain takes on their way to a socket are not counted.</summary>
    public int OpenCount { get; private set; }

    public bool HasReturned => _returned is { Count: > 0 };

    /// <summary>Sequences from <see cref="Position"/> on that are closed already.</summary>
    public ClosedRanges Closed => _closed;

    /// <summary>Moves <see cref="Next"/> over what a run before this one closed.</summary>
    /// <returns>How many sequences were passed.</returns>
    public long SkipClosed()
    {
        // The position passes the next sequence when the last gap before such a range is closed.
        var first = Next;
        Next = Math.Max(Position, _closed.IsEmpty ? first : _closed.Skip(first));
        return Next - first;
    }

    /// <summary>The oldest item that came back.</summary>
    public (long Sequence, ItemSlot Slot) PeekReturned()
    {
        // The enumerator of a sorted dictionary starts at its least key.
        using var enumerator = _returned!.GetEnumerator();
        enumerator.MoveNext();
        return (enumerator.Current.Key, enumerator.Current.Value);
    }

    /// <summary>Puts bytes read from the store under a returned item, if it is still returned and has none.</summary>
    public void FillReturned(long sequence, in ItemSlot slot)
    {
        if (_returned?.TryGetValue(sequence, out var found) == true && !found.IsAtHand)
        {
            _returned[sequence] = slot;
        }
    }

    /// <summary>Returned items that have no payload in memory, oldest first.</summary>
    public IEnumerable<long> ReturnedWithoutPayload()
        => _returned is null ? [] : _returned.Where(pair => !pair.Value.IsAtHand).Select(pair => pair.Key);

    /// <summary>Takes the oldest returned item or the next one; it is then in nobody's hands.</summary>
    public void Remove(long sequence)
    {
        if (sequence == Next)
        {
            Next++;
        }
        else
        {
            var removed = _returned!.Remove(sequence);
            Debug.Assert(removed);
        }
    }

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

    /// <summary>Whether the item is closed.</summary>
    public bool IsClosed(long sequence) => sequence < Position || _closed.Skip(sequence) != sequence;

    /// <summary>The open reads of all sessions of one gateway.</summary>
    public List<(long Sequence, SessionId Session)> OpenReadsOf(long gateway)
        => _open is null
            ? []
            : [.. _open.Where(pair => pair.Value.Session.Gateway == gateway)
                .Select(pair => (pair.Key, pair.Value.Session))];

    /// <summary>Closes an item that is in nobody's hands.</summary>
    public void Close(long sequence, int payloadBytes)
    {
        Debug.Assert(sequence >= Position && sequence < Next);
        ClosedBytes += payloadBytes;
        if (sequence != Position)
        {
            _closed.Add(sequence);
            return;
        }

        Position++;
        if (!_closed.IsEmpty)
        {
            Position = _closed.Skip(Position);
            _closed.RemoveBelow(Position);
        }
    }

    /// <summary>Closes what is left below <paramref name="limit"/>: the store no longer has it.</summary>
    /// <returns>How many were lost.</returns>
    public long LoseUpTo(long limit)
    {
        var lost = 0L;
        for (SkipClosed(); Next < limit; SkipClosed())
        {
            Next++;
            Close(Next - 1, payloadBytes: 0);
            lost++;
        }

        return lost;
    }

    /// <summary>Puts an item back in its original place.</summary>
    public void Return(long sequence, in ItemSlot slot) => (_returned ??= []).Add(sequence, slot);

    /// <summary>Closes everything below <paramref name="tail"/> except what is open.</summary>
    public void Purge(long tail, long appendedBytes)
    {
        _returned = null;
        _closed.Clear();
        Next = tail;
        var openBytes = 0L;
        var first = 0L;
        Position = tail;
        foreach (var (sequence, read) in (_open ?? []).OrderBy(pair => pair.Key))
        {
            if (first == 0)
            {
                Position = sequence;
            }
            else if (first < sequence)
            {
                _closed.AddRange(first, sequence);
            }

            first = sequence + 1;
            openBytes += read.Slot.PayloadBytes;
        }

        if (first != 0 && first < tail)
        {
            _closed.AddRange(first, tail);
        }

        ClosedBytes = appendedBytes - openBytes;
    }
}

/// <summary>An item in the hands of a session.</summary>
internal readonly record struct OpenRead(SessionId Session, TakeMode Mode, ItemSlot Slot)
{
    /// <summary>When it goes back by itself, in Unix milliseconds; 0 for never.</summary>
    public long LeaseEndsAt { get; init; }
}
