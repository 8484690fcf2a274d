using System.Diagnostics;

namespace Siberite.Queues;

/// <summary>Sequences closed out of order, as ordered, disjoint, non-touching ranges.</summary>
/// <remarks>There is at most one range more than there are open and returned items below it, so it stays
/// small.</remarks>
internal sealed class ClosedRanges
{
    /// <summary>No range, for all that have none. Never added to.</summary>
    public static readonly ClosedRanges None = new();

    private readonly List<long> _bounds = []; // First and limit in turn.

    /// <summary>First and limit of each range in turn. Valid until the next change.</summary>
    public ReadOnlySpan<long> Bounds => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bounds);

    public bool IsEmpty => _bounds.Count == 0;

    /// <summary>How many sequences the ranges hold.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            for (var i = 0; i < _bounds.Count; i += 2)
            {
                count += _bounds[i + 1] - _bounds[i];
            }

            return count;
        }
    }

    public void Add(long sequence) => AddRange(sequence, sequence + 1);

    /// <summary>Adds <paramref name="first"/> up to, not including, <paramref name="limit"/>, none of which is
    /// there.</summary>
    public void AddRange(long first, long limit)
    {
        Debug.Assert(first < limit);
        var i = IndexAfter(first);
        var joinsLeft = i > 0 && _bounds[i - 1] == first;
        var joinsRight = i < _bounds.Count && _bounds[i] == limit;
        if (joinsLeft && joinsRight)
        {
            _bounds.RemoveRange(i - 1, 2);
        }
        else if (joinsLeft)
        {
            _bounds[i - 1] = limit;
        }
        else if (joinsRight)
        {
            _bounds[i] = first;
        }
        else
        {
            _bounds.InsertRange(i, [first, limit]);
        }
    }

    /// <summary>Adds the same run, some of which may be there.</summary>
    public void Cover(long first, long limit)
    {
        for (var next = Skip(first); next < limit; next = Skip(next))
        {
            var i = IndexAfter(next);
            AddRange(next, i < _bounds.Count ? Math.Min(limit, _bounds[i]) : limit);
        }
    }

    /// <summary>How many of the sequences from <paramref name="first"/> up to, not including, <paramref name="limit"/>
    /// are in these ranges or in <paramref name="others"/>.</summary>
    public long CountWith(ClosedRanges others, long first, long limit)
    {
        var count = 0L;
        for (var next = first; next < limit;)
        {
            var skipped = Math.Min(limit, Math.Max(Skip(next), others.Skip(next)));
            if (skipped > next)
            {
                count += skipped - next;
                next = skipped;
                continue;
            }

            next = Math.Min(limit, Math.Min(NextFirst(next), others.NextFirst(next)));
        }

        return count;
    }

    /// <summary>The first sequence from <paramref name="sequence"/> on that is not in a range.</summary>
    public long Skip(long sequence)
    {
        var i = IndexAfter(sequence);
        return i > 0 && _bounds[i - 1] > sequence ? _bounds[i - 1] : sequence;
    }

    /// <summary>Forgets everything below <paramref name="limit"/>.</summary>
    public void RemoveBelow(long limit)
    {
        var i = 0;
        while (i < _bounds.Count && _bounds[i + 1] <= limit)
        {
            i += 2;
        }

        _bounds.RemoveRange(0, i);
    }

    /// <summary>Where the next range begins beyond <paramref name="sequence"/>.</summary>
    private long NextFirst(long sequence)
    {
        var i = IndexAfter(sequence);
        return i < _bounds.Count ? _bounds[i] : long.MaxValue;
    }

    /// <summary>The even index of the first range that begins beyond <paramref name="sequence"/>.</summary>
    private int IndexAfter(long sequence)
    {
        var low = 0;
        var high = _bounds.Count / 2;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_bounds[2 * middle] <= sequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return 2 * low;
    }
}
