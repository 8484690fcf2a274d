using System.Diagnostics;

namespace Siberite.Queues;

/// <summary>A reader's place in a queue: what it has closed, what is open, what came back, what comes next.</summary>
/// <remarks>
/// Pure state, no clock, no disk, no locks. Every sequence below <see cref="Next"/> is in exactly one of four places:
/// below <see cref="Position"/> or in the closed ranges (closed), open, or returned. <c>ReaderPlace.Holding</c> is
/// about what sessions hold.
/// </remarks>
internal sealed partial class ReaderPlace
{
    private ClosedRanges _closed = ClosedRanges.None; // Never changed but through Ranges.
    private Dictionary<long, OpenRead>? _open;
    private SortedDictionary<long, ItemSlot>? _returned;
    private long _openLimit; // Of items that were open when a cursor was set back: some are beyond Next.

    public ReaderPlace(in ReaderState state)
    {
        Position = state.Position;
        Next = Position;
        ClosedBytes = state.ClosedBytes;
        var bounds = state.Closed.Span;
        for (var i = 0; i < bounds.Length; i += 2)
        {
            Ranges.AddRange(bounds[i], bounds[i + 1]);
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

    /// <summary>The same, to be added to. Most readers close in order and never need their own.</summary>
    private ClosedRanges Ranges => ReferenceEquals(_closed, ClosedRanges.None) ? _closed = new ClosedRanges() : _closed;

    /// <summary>Moves <see cref="Next"/> over what a run before this one closed.</summary>
    /// <returns>How many sequences were passed.</returns>
    public long SkipClosed()
    {
        // The position passes the next sequence when the last gap before such a range is closed.
        var first = Next;
        Next = Math.Max(Position, _closed.IsEmpty ? first : _closed.Skip(first));
        return Next - first;
    }

    /// <summary>Moves <see cref="Next"/> of a cursor over what it or the default reader has closed, and what sessions
    /// have had open since before it was set back.</summary>
    /// <returns>How many sequences were passed.</returns>
    public long SkipClosed(ReaderPlace main)
    {
        var first = Next;
        if (Position < main.Position)
        {
            RaiseTo(main.Position);
        }

        for (var isAtWaiting = false; !isAtWaiting;)
        {
            SkipClosed();
            while (Next < _openLimit && IsHeld(Next))
            {
                Next++;
            }

            var passed = main._closed.IsEmpty ? Next : main._closed.Skip(Next);
            isAtWaiting = passed == Next && (_closed.IsEmpty || _closed.Skip(Next) == Next);
            if (passed > Next)
            {
                Ranges.Cover(Next, passed);
                Settle();
            }
        }

        return Next - first;
    }

    /// <summary>Forgets returned items that the default reader has closed meanwhile.</summary>
    public void DropReturned(ReaderPlace main)
    {
        while (HasReturned && PeekReturned().Sequence is var sequence && main.IsClosed(sequence))
        {
            _returned!.Remove(sequence);
            CloseForeign(sequence);
        }
    }

    /// <summary>Closes an item that ceased to be this cursor's to serve, unless it is closed.</summary>
    public void CloseForeign(long sequence)
    {
        if (!IsClosed(sequence))
        {
            Close(sequence, payloadBytes: 0);
        }
    }

    /// <summary>Begins again at the head. What sessions have open stays so, and is not served beside that.</summary>
    public void Rewind(ReaderPlace main)
    {
        _returned = null;
        _closed = ClosedRanges.None;
        Position = main.Position;
        Next = Position;
        _openLimit = _open is { Count: > 0 } ? _open.Keys.Max() + 1 : 0;
    }

    /// <summary>How many items below <paramref name="tail"/> wait for a cursor that has passed all it may.</summary>
    public long CountWaiting(ReaderPlace main, long tail)
    {
        var closed = _closed.CountWith(main._closed, Position, tail);
        var open = _open?.Keys.Count(sequence => !IsClosed(sequence) && !main.IsClosed(sequence)) ?? 0;
        return tail - Position - closed - open;
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

    /// <summary>Gives back the memory that only a busy reader needs.</summary>
    public void Shrink()
    {
        _open = _open is { Count: 0 } ? null : _open;
        _returned = _returned is { Count: 0 } ? null : _returned;
        _closed = _closed.IsEmpty ? ClosedRanges.None : _closed;
    }

    /// <summary>Whether the item is closed.</summary>
    public bool IsClosed(long sequence) => sequence < Position || _closed.Skip(sequence) != sequence;

    /// <summary>Closes an item that is in nobody's hands.</summary>
    public void Close(long sequence, int payloadBytes)
    {
        Debug.Assert(sequence >= Position && (sequence < Next || sequence < _openLimit));
        ClosedBytes += payloadBytes;
        if (sequence != Position)
        {
            Ranges.Add(sequence);
            return;
        }

        Position++;
        Settle();
    }

    /// <summary>Closes what is left below <paramref name="limit"/>: the store no longer has it.</summary>
    /// <param name="limit">First sequence that is not lost.</param>
    /// <param name="main">The default reader's place, for a cursor: what that one has closed was not lost.</param>
    /// <returns>How many were lost.</returns>
    public long LoseUpTo(long limit, ReaderPlace? main)
    {
        var lost = 0L;
        for (Skip(); Next < limit; Skip())
        {
            Next++;
            Close(Next - 1, payloadBytes: 0);
            lost++;
        }

        return lost;

        long Skip() => main is null ? SkipClosed() : SkipClosed(main);
    }

    /// <summary>Puts an item back in its original place.</summary>
    public void Return(long sequence, in ItemSlot slot)
    {
        if (sequence < Next)
        {
            (_returned ??= []).Add(sequence, slot);
        }
    }

    /// <summary>Closes everything below <paramref name="tail"/> except what is open.</summary>
    public void Purge(long tail, long appendedBytes)
    {
        _returned = null;
        _closed = ClosedRanges.None;
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
                Ranges.AddRange(first, sequence);
            }

            first = sequence + 1;
            openBytes += read.Slot.PayloadBytes;
        }

        if (first != 0 && first < tail)
        {
            Ranges.AddRange(first, tail);
        }

        ClosedBytes = appendedBytes - openBytes;
    }

    /// <summary>Runs of items below <paramref name="limit"/> that are not closed, the first of them.</summary>
    public List<(long First, long Limit)> RunsBelow(long limit, int maxCount)
    {
        var runs = new List<(long, long)>();
        var first = Position;
        var bounds = _closed.Bounds;
        for (var i = 0; first < limit && runs.Count < maxCount; i += 2)
        {
            var next = i < bounds.Length ? Math.Min(limit, bounds[i]) : limit;
            if (first < next)
            {
                runs.Add((first, next));
            }

            first = i < bounds.Length ? bounds[i + 1] : limit;
        }

        return runs;
    }

    /// <summary>Closes everything below <paramref name="limit"/> except what is open.</summary>
    /// <param name="limit">First sequence that stays as it is.</param>
    /// <param name="bytes">Payload bytes of what is not closed there now.</param>
    /// <returns>How many were closed, and their bytes.</returns>
    public (long Count, long Bytes) PurgeBelow(long limit, long bytes)
    {
        var runs = RunsBelow(limit, int.MaxValue);
        var count = runs.Sum(run => run.Limit - run.First);
        var open = (_open ?? []).Where(pair => pair.Key < limit).OrderBy(pair => pair.Key).ToArray();
        var first = Position;
        foreach (var (sequence, read) in open)
        {
            Ranges.Cover(first, sequence);
            first = sequence + 1;
            count--;
            bytes -= read.Slot.PayloadBytes;
        }

        Ranges.Cover(first, limit);
        foreach (var sequence in (_returned ?? []).Keys.TakeWhile(sequence => sequence < limit).ToArray())
        {
            _returned!.Remove(sequence);
        }

        ClosedBytes += bytes;
        Next = Math.Max(Next, limit);
        Settle();
        return (count, bytes);
    }

    /// <summary>What the default reader has closed is closed for a cursor too.</summary>
    private void RaiseTo(long position)
    {
        if (_returned is not null)
        {
            foreach (var sequence in _returned.Keys.TakeWhile(sequence => sequence < position).ToArray())
            {
                _returned.Remove(sequence);
            }
        }

        Position = position;
        Settle();
        Next = Math.Max(Next, Position);
    }

    /// <summary>Has the position pass closed items that it has come to.</summary>
    private void Settle()
    {
        if (!_closed.IsEmpty)
        {
            Position = _closed.Skip(Position);
            _closed.RemoveBelow(Position);
        }
    }
}
