using Siberite.Contracts;

namespace Siberite.Queues;

// What operators do, beside the clients.
public sealed partial class Queue
{
    /// <summary>The last append, to be waited for by whoever shows items.</summary>
    public Commit LastAppend
    {
        get
        {
            lock (_gate)
            {
                return new Commit(_lastAppendBatch, SetLevel);
            }
        }
    }

    /// <summary>Makes the queue durable although nothing was appended yet.</summary>
    /// <returns>When it is done; nothing to wait for if it is durable, or gone.</returns>
    public Commit Persist()
    {
        lock (_gate)
        {
            if (_isGone || _isStored)
            {
                return default;
            }

            _shared.ThrowIfRefusing();
            return PutQueue();
        }
    }

    /// <summary>Takes an item for an operator: also of a paused queue, and without waiting.</summary>
    public ValueTask<TakeResult> TakeForAdminAsync(SessionId session)
    {
        lock (_gate)
        {
            return _isGone ? new(new TakeResult(TakeStatus.Gone, default, default))
                : IsDamaged ? ValueTask.FromException<TakeResult>(Unreadable())
                : _still is not null ? default // It is on its way to another silo: nothing to take here.
                : _main.TakeAsync(session, TakeMode.Open, TimeSpan.Zero, isAdmin: true);
        }
    }

    /// <summary>Reads items that are not closed, those in the hands of sessions included. In order, as far as they were
    /// written.</summary>
    /// <param name="first">First sequence wanted.</param>
    /// <param name="maxCount">Most items.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="next">Where to read on; 0 at the end.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public IReadOnlyList<StoredItem> Inspect(long first, int maxCount, long maxBytes, out long next)
    {
        var open = new List<StoredItem>();
        while (true)
        {
            var (from, limit) = NextRange(first, maxCount - open.Count);
            if (from >= limit)
            {
                next = 0;
                return open;
            }

            var found = new List<StoredItem>();
            ReadItems(from, limit, maxBytes, found);
            first = found.Count > 0 && found.Sum(item => (long)item.PayloadBytes) >= maxBytes
                ? found[^1].Header.Sequence + 1
                : limit; // What is missing up to there is closed, or lost.
            maxBytes -= found.Sum(item => (long)item.PayloadBytes);
            lock (_gate)
            {
                open.AddRange(found.Where(item => !_main.Place.IsClosed(item.Header.Sequence)));
            }

            if (open.Count >= maxCount || maxBytes <= 0)
            {
                next = first;
                return open;
            }
        }
    }

    /// <summary>Whether a session has the item.</summary>
    public bool IsHeld(long sequence)
    {
        lock (_gate)
        {
            return _main.Place.IsHeld(sequence);
        }
    }

    /// <summary>Closes an open read with a batch that its caller holds.</summary>
    internal void CloseWith(long batch, SessionId session, long sequence) => _main.CloseWith(batch, session, sequence);

    /// <summary>The settings of this queue may have changed: what they forbid now must not wait for the next
    /// command.</summary>
    public void TakeUpSettings()
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                foreach (var reader in Readers)
                {
                    reader.ServeWaiters();
                }

                DiscardOverflow();
            }
        }
    }

    private (long First, long Limit) NextRange(long first, int count)
    {
        lock (_gate)
        {
            var place = _main.Place;
            var from = Math.Max(first, place.Position);
            from = place.Closed.IsEmpty ? from : place.Closed.Skip(from);
            return (from, Math.Min(from + count, _tail));
        }
    }

    /// <summary>Whether reads are refused. Only under the gate.</summary>
    internal bool IsPaused => Options.Paused;

    internal SiberiteException Paused()
        => new(SiberiteError.QueuePaused, $"Queue {Name} is paused.", inner: null);
}
