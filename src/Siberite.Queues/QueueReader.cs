using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>One reader of a queue: its place, the items next to be taken, and those who wait for them.</summary>
/// <remarks>
/// All readers of a queue share the queue's gate; every member is called under it unless it says otherwise. This part
/// appends to the window, closes and returns; <c>QueueReader.Taking</c> hands out; <c>QueueReader.Loading</c> reads the
/// store and writes the reader's place.
/// </remarks>
internal sealed partial class QueueReader
{
    /// <summary>Payloads up to this size stay in memory while an item is open or returned; larger ones are read again.
    /// 4 KiB: 10,000 open reads then hold 40 MiB at most.</summary>
    private const int MaxKeptPayloadBytes = 4 << 10;

    private readonly Queue _queue;
    private readonly Lock _gate;
    private readonly QueueShared _shared;
    private readonly ReaderPlace _place;
    private readonly ItemWindow _window;
    private readonly int _number;
    private readonly ReaderPlace? _main; // Of the default reader; null for that one itself.

    /// <param name="queue">Whose gate it shares.</param>
    /// <param name="shared">What all queues of the silo share.</param>
    /// <param name="number">0 for the default reader.</param>
    /// <param name="state">Its durable place.</param>
    /// <param name="main">The default reader's place, for a cursor.</param>
    public QueueReader(
        Queue queue, QueueShared shared, int number, in ReaderState state, ReaderPlace? main = null)
    {
        _main = main;
        _queue = queue;
        _gate = queue.Gate;
        _shared = shared;
        _number = number;
        _place = new ReaderPlace(state);
        _window = new ItemWindow(shared.Budget);
    }

    /// <summary>What it has closed, what is open, what came back.</summary>
    public ReaderPlace Place => _place;

    /// <summary>The same as it is stored.</summary>
    public ReaderState State => new(_place.Position, _place.ClosedBytes, _place.Closed.Bounds.ToArray());

    /// <summary>Its number among the queue's readers.</summary>
    public int Number => _number;

    /// <summary>Whether it is a cursor that was dropped.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>Items that wait: neither open nor closed. Of the default reader; a cursor's are counted when somebody
    /// asks.</summary>
    public long ItemCount { get; private set; }

    /// <summary>Their payload bytes.</summary>
    public long ItemBytes { get; private set; }

    public long CachedBytes => _window.Bytes;

    public int CachedCount => _window.Count;

    public long TakenCount { get; private set; }

    /// <summary>Of those taken, the ones that the client was to close.</summary>
    public long OpenedCount { get; private set; }

    public long ClosedCount { get; private set; }

    /// <summary>An item has expired elsewhere.</summary>
    public void CountExpired() => ExpiredCount++;

    /// <summary>Counts what waits when the queue is opened.</summary>
    public void CountWaiting(long tail, long appendedBytes)
    {
        ItemCount = tail - _place.Position - _place.Closed.Count;
        ItemBytes = ItemCount == 0 ? 0 : appendedBytes - _place.ClosedBytes;
    }

    /// <summary>An item was appended behind all others.</summary>
    /// <param name="sequence">Its sequence.</param>
    /// <param name="slot">What is known of it but its bytes.</param>
    /// <param name="payload">Copied if it is kept.</param>
    /// <param name="deliveries">How often it was opened in vain before.</param>
    /// <param name="copy">The copy, once a reader has kept it.</param>
    public void OnAppended(
        long sequence, in ItemSlot slot, in ReadOnlySequence<byte> payload, int deliveries, ref byte[]? copy)
    {
        CountItem(slot.PayloadBytes);
        if (_place.Next + _window.Count == sequence && HasRoomFor(slot))
        {
            _window.Add(slot.IsAtHand ? slot : slot with { Payload = copy ??= payload.ToArray() });
            if (deliveries != 0)
            {
                (DeliveryCounts ??= new DeliveryCounts()).Note(sequence, deliveries);
            }
        }

        NoteExpiry(slot);
        ServeWaiters();
    }

    public Commit Close(SessionId session, long sequence)
    {
        if (!_place.TryEnd(session, sequence, out var read))
        {
            return default;
        }

        ClosedCount++;
        ForgetDeliveries(sequence);
        if (_main is null || !_place.IsClosed(sequence))
        {
            _place.Close(sequence, read.Slot.PayloadBytes);
            if (_queue.IsInMemory)
            {
                _queue.LetGoOfRead();
            }
        }

        if (read.Mode == TakeMode.Plain)
        {
            MarkLater();
            return default;
        }

        return new Commit(Mark(), CommitLevel.Written);
    }

    public void Abort(SessionId session, long sequence)
    {
        if (_place.TryEnd(session, sequence, out var read))
        {
            AbortedCount++;
            TakeBackDelivery(sequence);
            Return(sequence, read.Slot);
        }
    }

    /// <summary>Closes all that waits.</summary>
    public Commit Purge(long tail, long appendedBytes)
    {
        _place.Purge(tail, appendedBytes);
        ForgetDeliveriesBut();
        ForgetWindow();
        ItemCount = 0;
        ItemBytes = 0;
        return new Commit(Mark(), _queue.SetLevel);
    }

    /// <summary>Closes what waits below <paramref name="limit"/>.</summary>
    /// <param name="limit">First sequence that stays.</param>
    /// <param name="bytes">Payload bytes below it that are not closed.</param>
    /// <returns>How many items went.</returns>
    public long DropBelow(long limit, long bytes)
    {
        var next = _place.Next;
        var dropped = _place.PurgeBelow(limit, bytes);
        for (var passed = _place.Next - next; passed > 0 && _window.Count > 0; passed--)
        {
            _window.RemoveFirst();
        }

        ItemCount -= dropped.Count;
        ItemBytes -= dropped.Bytes;
        MarkLater();
        return dropped.Count;
    }

    /// <summary>Sets a cursor back to the head.</summary>
    public Commit Rewind()
    {
        _place.Rewind(_main!);
        ForgetWindow();
        var commit = new Commit(Mark(), _queue.SetLevel);
        ServeWaiters();
        return commit;
    }

    /// <summary>Ends a cursor for good.</summary>
    public void Drop()
    {
        IsDropped = true;
        ForgetWindow();
        EndAllWaits(default); // Not gone: whoever looks it up again would make it anew.
    }

    /// <summary>Has a cursor pass what the default reader has closed meanwhile, so that it keeps no memory for
    /// it.</summary>
    public void CatchUp()
    {
        _place.DropReturned(_main!);
        SkipClosed();
    }

    /// <summary>Items that wait for a cursor.</summary>
    public long CountWaiting()
    {
        CatchUp();
        return _place.CountWaiting(_main!, _queue.Tail);
    }

    /// <summary>Gives open reads back.</summary>
    public void ReturnAll(List<(long Sequence, SessionId Session)> reads, bool haveFailed)
    {
        foreach (var (sequence, session) in reads)
        {
            if (haveFailed)
            {
                Fail(session, sequence);
            }
            else if (_place.TryEnd(session, sequence, out var read))
            {
                TakeBackDelivery(sequence);
                Return(sequence, read.Slot);
            }
        }
    }

    /// <summary>Closes an item that nobody will take.</summary>
    public void Drop(long sequence, in ItemSlot slot)
    {
        Detach(sequence, slot);
        ForgetDeliveries(sequence);
        _place.Close(sequence, slot.PayloadBytes);
        MarkLater();
    }

    /// <summary>When the item whose turn it is was appended, in Unix milliseconds; 0 when unknown or none.</summary>
    public long OldestEnqueuedAt()
        => _place.HasReturned ? _place.PeekReturned().Slot.EnqueuedAt
            : _window.Count > 0 ? _window.First.EnqueuedAt
            : _oldest.Sequence == _place.Next ? _oldest.EnqueuedAt
            : 0;

    private bool HasRoomFor(in ItemSlot slot)
        => (_window.Count == 0 && WaiterCount > 0)
            || (_window.Bytes + slot.CachedBytes <= _shared.Budget.QueueShareBytes
                && _shared.Budget.HasRoomFor(slot.CachedBytes));

    private void Return(long sequence, in ItemSlot slot)
    {
        if (_main is not null && (_main.IsClosed(sequence) || _place.IsClosed(sequence)))
        {
            _place.CloseForeign(sequence); // It left the queue while it was open.
            return;
        }

        // A large payload is read again when its turn comes; a small one is cheaper to keep.
        _place.Return(sequence, Kept(slot));
        CountItem(slot.PayloadBytes);
        NoteExpiry(slot);
        ServeWaiters();
        if (_main is null)
        {
            _queue.TellWatcher();
        }
    }

    private void CountItem(int bytes)
    {
        if (_main is null)
        {
            ItemCount++;
            ItemBytes += bytes;
        }
    }

    private void UncountItem(int bytes)
    {
        if (_main is null)
        {
            ItemCount--;
            ItemBytes -= bytes;
        }
    }
}
