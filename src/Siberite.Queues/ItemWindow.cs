using System.Diagnostics;
using System.Numerics;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>What memory holds of one item.</summary>
/// <param name="Payload">Its bytes, or <see langword="null"/> when they are in a file or must be read from the
/// store.</param>
/// <param name="PayloadBytes">Their number, known either way.</param>
/// <param name="Flags">The client's flags.</param>
/// <param name="EnqueuedAt">Unix milliseconds.</param>
/// <param name="ExpiresAt">Unix milliseconds; 0 for never.</param>
/// <param name="Batch">The batch that carries it, or a later one: what a reply that shows it waits for.</param>
internal readonly record struct ItemSlot(
    byte[]? Payload, int PayloadBytes, uint Flags, long EnqueuedAt, long ExpiresAt, long Batch)
{
    /// <summary>Bytes of memory beside the payload: the slot, the array's header and its rounding.</summary>
    private const int OverheadBytes = 88;

    /// <summary>Large payloads count so many times less: they take no memory of this process, but of the system's, as
    /// long as it has some to spare.</summary>
    private const int LargeDiscount = 16;

    /// <summary>Whether it can be handed out without a look at the store.</summary>
    public bool IsAtHand => Payload is not null || Large is not null;

    /// <summary>Where its bytes are if they are in a file. Safe to hold under the queue's gate as long as the item is
    /// not closed.</summary>
    public ILargePayload? Large { get; init; }

    /// <summary>What the item costs in memory.</summary>
    public int CachedBytes
        => (Large is null ? PayloadBytes : PayloadBytes / LargeDiscount) + OverheadBytes;
}

/// <summary>The unbroken run of items that follows a reader's next sequence, in memory: a ring that grows and
/// shrinks.</summary>
internal sealed class ItemWindow(PayloadBudget budget)
{
    /// <summary>Slots of the first ring. 1: one of very many queues that hold an item should not cost more.</summary>
    private const int MinSlots = 1;

    /// <summary>A ring of an idle queue is cut to its items when these fill less than one part of so many.</summary>
    private const int SparePart = 4;

    private ItemSlot[] _slots = [];
    private int _first;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public ItemSlot First => _slots[_first];

    public ItemSlot Last => _slots[(_first + Count - 1) & (_slots.Length - 1)];

    public void Add(in ItemSlot slot)
    {
        Debug.Assert(slot.IsAtHand);
        if (Count == _slots.Length)
        {
            Resize(Math.Max(MinSlots, 2 * Count));
        }

        _slots[(_first + Count) & (_slots.Length - 1)] = slot;
        Count++;
        Bytes += slot.CachedBytes;
        budget.Add(slot.CachedBytes);
    }

    public void RemoveFirst()
    {
        var bytes = _slots[_first].CachedBytes;
        Bytes -= bytes;
        budget.Add(-bytes);
        _slots[_first] = default;
        _first = (_first + 1) & (_slots.Length - 1);
        Count--;
        if (Count == 0 && _slots.Length > 1024)
        {
            _slots = []; // A burst is over; an idle queue keeps next to nothing.
            _first = 0;
        }
    }

    public void Clear()
    {
        budget.Add(-Bytes);
        Bytes = 0;
        Count = 0;
        _first = 0;
        _slots = [];
    }

    /// <summary>Gives back the memory that only a busy queue needs.</summary>
    public void Shrink()
    {
        if (Count == 0)
        {
            _slots = [];
            _first = 0;
        }
        else if (_slots.Length > MinSlots && Count < _slots.Length / SparePart)
        {
            Resize((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(MinSlots, Count)));
        }
    }

    private void Resize(int slots)
    {
        var larger = new ItemSlot[slots];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _slots[(_first + i) & (_slots.Length - 1)];
        }

        _slots = larger;
        _first = 0;
    }
}

/// <summary>Counts the memory of all windows of a silo against one limit.</summary>
internal sealed class PayloadBudget(long limitBytes)
{
    private long _usedBytes;

    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Share beyond which one queue keeps no more at its tail, so that one backlog leaves room for
    /// others.</summary>
    public long QueueShareBytes => limitBytes / 4;

    public bool IsTight => UsedBytes > limitBytes - (limitBytes / 4);

    public bool HasRoomFor(int bytes) => UsedBytes + bytes <= limitBytes;

    public void Add(long bytes) => Interlocked.Add(ref _usedBytes, bytes);
}
