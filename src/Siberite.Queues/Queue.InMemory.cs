using System.Buffers;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Queues that keep no journal: their items are in memory alone, and gone with the process.
public sealed partial class Queue
{
    /// <summary>One item in so many must be closed behind an open one before they are gone through for its
    /// memory.</summary>
    private const int MinClosedShare = 16;

    private MemoryItems? _memory; // Null for a queue that keeps its journal.

    /// <summary>Whether its items are in memory alone, or will be from the next time on that it is empty.</summary>
    public bool KeepsNoJournal
    {
        get
        {
            lock (_gate)
            {
                return _memory is not null || !Options.KeepJournal;
            }
        }
    }

    /// <summary>Whether its items are in memory alone. Only under the gate.</summary>
    internal bool IsInMemory => _memory is not null;

    /// <summary>Reads items, in order. Not under the gate, unless it is for a few.</summary>
    /// <param name="first">First sequence wanted.</param>
    /// <param name="limit">First sequence not wanted.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="found">Receives them.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    internal void ReadItems(long first, long limit, long maxBytes, List<StoredItem> found)
    {
        if (Volatile.Read(ref _memory) is { } memory)
        {
            memory.Read(first, limit, maxBytes, found);
        }
        else
        {
            _shared.Store.ReadItems(_record.Id, first, limit, maxBytes, found);
        }
    }

    /// <summary>Items that end with the process: those in memory, waiting or in hands.</summary>
    internal long FleetingCount
    {
        get
        {
            lock (_gate)
            {
                return _memory is null ? 0 : _main.ItemCount + _main.Place.HeldCount;
            }
        }
    }

    /// <summary>Gives the memory back of what the default reader has passed. Only under the gate.</summary>
    internal void LetGoOfRead() => _memory?.RemoveBelow(_main.Place.Position);

    /// <summary>Adds the places of all readers to a batch, as they will be after a restart: behind everything, for
    /// nothing will be left. All together, so that no cursor is ever ahead of its queue.</summary>
    internal void PutPlacesInMemory(IStoreBatch batch)
    {
        foreach (var reader in Readers)
        {
            batch.PutReader(_record.Id, reader.Number, EndOf(reader));
        }
    }

    /// <summary>The place of a reader as it is to be stored. Only under the gate.</summary>
    internal ReaderState StateToStore(QueueReader reader) => _memory is null ? reader.State : EndOf(reader);

    private ReaderState EndOf(QueueReader reader)
        => new(_tail, reader == _main ? _appendedBytes : reader.Place.ClosedBytes, Closed: default);

    /// <summary>Goes over to the other way of keeping items, once there is none that was kept in the former
    /// one.</summary>
    private void FollowJournalSetting()
    {
        if (Options.KeepJournal == (_memory is null) || _main.Place.Position != _tail)
        {
            return;
        }

        if (_memory is null)
        {
            Volatile.Write(ref _memory, new MemoryItems(_shared.Memory));
        }
        else
        {
            _memory.Clear();
            Volatile.Write(ref _memory, null);
            _main.MarkNow(); // With the item that comes next, or before it.
        }

        ForgetWindows();
    }

    private Commit KeepInMemory(
        MemoryItems memory, in ItemHeader header, in ReadOnlySequence<byte> payload, out byte[]? copy)
    {
        copy = payload.ToArray();
        memory.Add(header, copy);
        _main.MarkLater(); // So that sequences go on from there after a restart.
        return default;
    }

    /// <exception cref="SiberiteException"><see cref="SiberiteError.MemoryFull"/>: all such queues together have no
    /// memory left, and this one cannot make room by dropping its oldest.</exception>
    private void ThrowIfMemoryIsUsedUp()
    {
        var options = Options;
        if ((_memory is not null || !options.KeepJournal)
            && IsMemoryUsedUp()
            && !(options.DiscardOldWhenFull && _main.ItemCount > 0))
        {
            throw new SiberiteException(
                SiberiteError.MemoryFull, "Queues without a journal have used up their memory.", inner: null);
        }
    }

    /// <summary>Whether the queue holds as much as it may.</summary>
    private bool IsMemoryFull(QueueOptions options)
        => _memory is { } memory
            && memory.Bytes >= options.MaxMemoryBytes
            && LetGoOfClosed(memory) >= options.MaxMemoryBytes;

    /// <summary>Whether all such queues together do.</summary>
    private bool IsMemoryUsedUp()
    {
        if (_shared.Memory.IsFull && _memory is { } memory)
        {
            LetGoOfClosed(memory);
        }

        return _shared.Memory.IsFull;
    }

    /// <returns>The bytes that are left.</returns>
    private long LetGoOfClosed(MemoryItems memory)
    {
        var place = _main.Place;
        memory.RemoveBelow(place.Position);
        ClosedLetGo = Math.Min(ClosedLetGo, place.Closed.Count);
        if (place.Closed.Count - ClosedLetGo > memory.Count / MinClosedShare)
        {
            memory.RemoveClosed(place.IsClosed);
            ClosedLetGo = place.Closed.Count;
        }

        return memory.Bytes;
    }
}

public sealed partial class LocalQueues
{
    /// <summary>Memory that the items of queues without a journal take, in bytes.</summary>
    public long MemoryItemBytes => _shared.Memory.UsedBytes;

    /// <summary>Nobody waits for what is in memory alone: it ends here.</summary>
    private void NoteFleeting()
    {
        var counts = _queues.Values.Select(queue => queue.FleetingCount).Where(count => count > 0).ToArray();
        if (counts.Length > 0)
        {
            LogFleeting(_shared.Log, counts.Sum(), counts.Length);
        }
    }

    [LoggerMessage(1542, LogLevel.Information,
        "Items in queues without a journal, which end with this process: {ItemCount}; such queues: {QueueCount}.")]
    private static partial void LogFleeting(ILogger log, long itemCount, int queueCount);
}
