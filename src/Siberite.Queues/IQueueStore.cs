using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>Keeps queues on disk. The engine's only way to it, and the seam where tests put faults.</summary>
/// <remarks>
/// <see cref="Write"/> and <see cref="Sync"/> are called by one thread at a time; reads come from any thread, at any
/// time, also during a write. A batch is atomic: after a crash all of it is there, or none, and never a later batch
/// without an earlier one. Any exception of <see cref="Write"/> or <see cref="Sync"/> is final: the engine never calls
/// either again.
/// </remarks>
public partial interface IQueueStore : IDisposable
{
    /// <summary>Names the data directory for ever.</summary>
    StoreId Id { get; }

    /// <summary>Whether there is room for more items: false while free space is below the reserve. Cheap: cached for
    /// about a second.</summary>
    bool HasRoom { get; }

    /// <summary>Every queue there is, without reading its items; damaged ones too. Called once, before anything
    /// else.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>: nobody can tell which queues
    /// there are.</exception>
    IReadOnlyList<StoredQueue> LoadQueues();

    /// <summary>A new, empty batch. The engine clears and reuses it.</summary>
    IStoreBatch CreateBatch();

    /// <summary>Hands <paramref name="batch"/> to the operating system. Readers may see it before this
    /// returns.</summary>
    void Write(IStoreBatch batch);

    /// <summary>Returns when everything written so far is on disk.</summary>
    void Sync();

    /// <summary>Payloads from this size on may be begun as large ones.</summary>
    int LargeBytes => int.MaxValue;

    /// <summary>Called on any thread when the store has failed at something else than what it was called for: a write
    /// to a large payload, or what it does in the background. As final as a failed write.</summary>
    event Action<Exception> Failed
    {
        add { }
        remove { }
    }

    /// <summary>Begins a payload that goes to a file of its own before the item that refers to it. From any
    /// thread.</summary>
    /// <returns><see langword="null"/> if this store has no such files.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.DiskFull"/> or
    /// <see cref="SiberiteError.StorageFailed"/>.</exception>
    ILargeDraft? BeginLarge(long queueId, int bytes) => null;

    /// <summary>Reads items in order of sequence, as far as they were written.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="first">First sequence wanted. Missing ones are passed over: the caller sees the gap.</param>
    /// <param name="limit">First sequence not wanted.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="target">Items are added to it, with payload arrays of their own or large payloads.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    void ReadItems(long queueId, long first, long limit, long maxBytes, ICollection<StoredItem> target);

    /// <summary>Gives the disk space of trimmed items back. Slow; called in the background, never under a
    /// lock.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="limit">Items below this sequence were trimmed.</param>
    /// <param name="isEmpty">Whether the queue has no items at all, so that the leftovers are worth rewriting.</param>
    void ReclaimSpace(long queueId, long limit, bool isEmpty);

    /// <summary>A named piece of state kept beside the queues (grain state of a standalone silo), or
    /// <see langword="null"/>.</summary>
    byte[]? ReadState(string key);
}

/// <summary>Mutations that become durable together. Not thread-safe.</summary>
public partial interface IStoreBatch
{
    /// <summary>Bytes the batch will write, roughly.</summary>
    long Bytes { get; }

    /// <summary>Whether there is nothing in it.</summary>
    bool IsEmpty { get; }

    /// <summary>Creates or replaces a queue's own record.</summary>
    void PutQueue(in QueueRecord queue);

    /// <summary>Removes the queue: its record, its readers, all its items.</summary>
    void DropQueue(long queueId);

    /// <summary>Adds one item.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="header">Everything but the payload.</param>
    /// <param name="payload">Copied before this returns.</param>
    void AppendItem(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload);

    /// <summary>Adds one item whose payload is in a file: one that this queue began in this store and that was
    /// completed.</summary>
    void AppendLarge(long queueId, in ItemHeader header, ILargePayload payload)
        => throw new NotSupportedException("This store has no files for large payloads.");

    /// <summary>Replaces a reader's place.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="reader">0 for the default reader; named cursors count from 1.</param>
    /// <param name="state">Copied before this returns.</param>
    void PutReader(long queueId, int reader, in ReaderState state);

    /// <summary>Creates or replaces the record of a cursor.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="reader">Its number, from 1.</param>
    /// <param name="cursor">What is kept beside its place.</param>
    void PutCursor(long queueId, int reader, in CursorRecord cursor);

    /// <summary>Removes a cursor: its record and its place.</summary>
    void DropCursor(long queueId, int reader);

    /// <summary>Deletes items <paramref name="first"/> up to, not including, <paramref name="limit"/>.</summary>
    void TrimItems(long queueId, long first, long limit);

    /// <summary>Replaces a named piece of state; <see langword="null"/> removes it.</summary>
    void PutState(string key, byte[]? value);

    /// <summary>Empties the batch for reuse.</summary>
    void Clear();
}

/// <summary>A queue's own record.</summary>
/// <param name="Id">Counts up from 1 within a store, never reused; items are keyed by it, so a name is never a
/// key.</param>
/// <param name="Name">The queue's name.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
public readonly record struct QueueRecord(long Id, string Name, long CreatedAt);

/// <summary>Everything stored of an item but its payload.</summary>
/// <param name="Sequence">Its ordinal in the queue, from 1.</param>
/// <param name="Flags">The client's flags.</param>
/// <param name="EnqueuedAt">Unix milliseconds.</param>
/// <param name="ExpiresAt">Unix milliseconds; 0 for never.</param>
/// <param name="AppendedBytes">Payload bytes of the queue up to and including this item, since its creation. What
/// waits can thus be summed at a start without reading the backlog.</param>
/// <param name="Deliveries">How often the item was handed out in vain before it was written again; 0 for a new
/// one.</param>
public readonly record struct ItemHeader(
    long Sequence, uint Flags, long EnqueuedAt, long ExpiresAt, long AppendedBytes, ushort Deliveries);

/// <summary>An item as read from the store.</summary>
/// <param name="Header">Everything but the payload.</param>
/// <param name="Bytes">The payload, unless it is a large one.</param>
/// <param name="Large">Where it is if it is in a file. Not held.</param>
public readonly record struct StoredItem(ItemHeader Header, byte[]? Bytes, ILargePayload? Large = null)
{
    /// <summary>Bytes of the payload, wherever they are.</summary>
    public int PayloadBytes => Bytes?.Length ?? Large!.Length;

    /// <summary>The payload in memory; a large one is read each time.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public byte[] Payload
    {
        get
        {
            if (Bytes is { } bytes)
            {
                return bytes;
            }

            Large!.Hold();
            try
            {
                return Large.ToArray();
            }
            finally
            {
                Large.Release();
            }
        }
    }
}

/// <summary>A reader's durable place.</summary>
/// <param name="Position">Every item below it is closed.</param>
/// <param name="ClosedBytes">Payload bytes of all closed items since the queue's creation; of a cursor, what it closed
/// itself.</param>
/// <param name="Closed">Closed items from <paramref name="Position"/> on, as ordered, disjoint ranges: first and limit
/// in turn. Its length is even.</param>
public readonly record struct ReaderState(long Position, long ClosedBytes, ReadOnlyMemory<long> Closed);

/// <summary>A cursor's own record.</summary>
/// <param name="Name">Its name within the queue.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
public readonly record struct CursorRecord(string Name, long CreatedAt);

/// <summary>A cursor as found at a start.</summary>
/// <param name="Number">Its number among the queue's readers, from 1.</param>
/// <param name="Record">Its own record.</param>
/// <param name="State">Its place.</param>
public sealed record StoredCursor(int Number, CursorRecord Record, ReaderState State);

/// <summary>A queue as found at a start.</summary>
/// <param name="Record">Its own record.</param>
/// <param name="Reader">The default reader's place; position 1 and nothing closed if it never moved.</param>
/// <param name="LastSequence">The highest sequence found; 0 if none. Items may be long trimmed and still be
/// found.</param>
/// <param name="AppendedBytes">The <see cref="ItemHeader.AppendedBytes"/> of that item; 0 if none.</param>
public sealed record StoredQueue(QueueRecord Record, ReaderState Reader, long LastSequence, long AppendedBytes)
{
    /// <summary>Its cursors, in order of number.</summary>
    public IReadOnlyList<StoredCursor> Cursors { get; init; } = [];

    /// <summary>Why its bytes cannot be served, as the end of a sentence; <see langword="null"/> if they can. Only the
    /// id is then certain; the name is empty if it is what cannot be read.</summary>
    public string? Damage { get; init; }

    /// <summary>What it has beside its items.</summary>
    public QueueExtras Extras { get; init; }
}
