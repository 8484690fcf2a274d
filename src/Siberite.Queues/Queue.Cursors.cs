using Siberite.Contracts;

namespace Siberite.Queues;

// The named readers. A queue without any pays a comparison per append.
public sealed partial class Queue
{
    private volatile QueueCursor[]? _cursors; // Replaced as a whole, under the gate; null while there are none.
    private int _lastCursorNumber;

    /// <summary>All readers. Only under the gate.</summary>
    private IEnumerable<QueueReader> Readers
        => _cursors is { } cursors ? [_main, .. cursors.Select(cursor => cursor.Reader!)] : [_main];

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor)
    {
        foreach (var known in _cursors ?? [])
        {
            if (known.Cursor.Equals(cursor))
            {
                return known;
            }
        }

        return new QueueCursor(this, cursor);
    }

    /// <summary>Takes for a cursor; its first take makes it. Called under the gate.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyCursors"/>.</exception>
    internal ValueTask<TakeResult> TakeAsync(QueueCursor cursor, SessionId session, TakeMode mode, TimeSpan wait)
    {
        if (_isGone)
        {
            return new(new TakeResult(TakeStatus.Gone, default, default));
        }

        if (IsDamaged)
        {
            return ValueTask.FromException<TakeResult>(Unreadable());
        }

        if (Options.Paused)
        {
            return ValueTask.FromException<TakeResult>(Paused());
        }

        if (_still is not null)
        {
            return new(_still.Park(session, cursor, () => cursor.TakeAsync(session, mode, wait)));
        }

        return ReaderOf(cursor).TakeAsync(session, mode, wait);
    }

    /// <summary>Ends a take of a cursor that waits for a move to end. Called under the gate.</summary>
    internal void CancelParked(SessionId session, QueueCursor cursor) => _still?.Cancel(session, cursor);

    /// <summary>Ends a cursor. Called under the gate.</summary>
    internal Commit DropCursor(QueueCursor cursor)
    {
        if (_isGone || FindCursor(cursor.Cursor) is not { Reader: { } reader } known)
        {
            return default;
        }

        ThrowIfHeldStill();
        ThrowIfDamaged();
        reader.Drop();
        QueueCursor[] left = [.. _cursors!.Where(other => other != known)];
        _cursors = left.Length == 0 ? null : left;
        return _isStored
            ? _shared.Commits.Mutate(
                (_record.Id, reader.Number),
                static (batch, ids) => batch.DropCursor(ids.Id, ids.Number))
            : default;
    }

    private QueueCursor? FindCursor(CursorName name)
        => Array.Find(_cursors ?? [], known => known.Cursor.Equals(name));

    /// <summary>The cursor's reader, which is made, and kept on disk with the next commit, if there is none.</summary>
    private QueueReader ReaderOf(QueueCursor cursor)
    {
        if (cursor.Reader is { IsDropped: false } reader)
        {
            return reader;
        }

        if (FindCursor(cursor.Cursor) is { Reader: { } known } other)
        {
            (cursor.Reader, cursor.CreatedAt) = (known, other.CreatedAt); // Somebody else made it meanwhile.
            return known;
        }

        _shared.ThrowIfRefusing();
        var max = Options.MaxCursors;
        if ((_cursors?.Length ?? 0) >= max)
        {
            throw new SiberiteException(
                SiberiteError.TooManyCursors, $"Queue {Name} may have {max} cursors.", inner: null);
        }

        cursor.CreatedAt = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var start = new ReaderState(_main.Place.Position, ClosedBytes: 0, Closed: default);
        AddCursor(cursor, ++_lastCursorNumber, start);
        if (_isStored)
        {
            _shared.Commits.Mutate(cursor, PutCursor);
        }

        return cursor.Reader!;
    }

    private void AddCursor(QueueCursor cursor, int number, in ReaderState state)
    {
        cursor.Reader = new QueueReader(this, _shared, number, state, _main.Place);
        _cursors = [.. _cursors ?? [], cursor];
        _lastCursorNumber = Math.Max(_lastCursorNumber, number);
    }

    private void LoadCursors(IReadOnlyList<StoredCursor> cursors)
    {
        foreach (var stored in cursors)
        {
            if (CursorName.TryParse(System.Text.Encoding.UTF8.GetBytes(stored.Record.Name), out var name))
            {
                AddCursor(
                    new QueueCursor(this, name) { CreatedAt = stored.Record.CreatedAt }, stored.Number, stored.State);
            }
        }
    }

    /// <summary>Has the store know the queue, with the first item, and the cursors that came before it.</summary>
    private Commit PutQueue()
    {
        _isStored = true;
        _shared.Tally.NoteCreated();
        return _shared.Commits.Mutate(this, static (batch, queue) =>
        {
            batch.PutQueue(queue._record);
            foreach (var cursor in queue._cursors ?? [])
            {
                queue.PutCursor(batch, cursor);
            }
        });
    }

    private void ForgetWindows()
    {
        foreach (var reader in Readers)
        {
            reader.ForgetWindow();
        }
    }

    /// <summary>Adds the cursor, as it stands, to a batch.</summary>
    private void PutCursor(IStoreBatch batch, QueueCursor cursor)
    {
        var reader = cursor.Reader!;
        batch.PutCursor(_record.Id, reader.Number, new CursorRecord(cursor.Cursor.Value, cursor.CreatedAt));
        batch.PutReader(_record.Id, reader.Number, reader.State);
    }

    private static StoredCursor StoredOf(QueueCursor cursor)
        => new(
            cursor.Reader!.Number, new CursorRecord(cursor.Cursor.Value, cursor.CreatedAt), cursor.Reader.State);

    private CursorStats StatsOf(QueueCursor cursor)
    {
        var reader = cursor.Reader!;
        return new CursorStats(
            cursor.Cursor.Value, reader.CountWaiting(), reader.Place.OpenCount, reader.WaiterCount, reader.TakenCount,
            reader.UsedAt);
    }
}
