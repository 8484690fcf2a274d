namespace Siberite.Queues;

/// <summary>What memory knows of a queue's delayed items: sums and a bound, nothing of any one.</summary>
/// <remarks>Pure state, guarded by the queue's gate.</remarks>
internal sealed class DelayedItems(DelayedState state)
{
    /// <summary>No delayed item stands before it.</summary>
    public DelayedKey First { get; private set; } = state.Count > 0 ? default : DelayedKey.Last;

    public long Count { get; private set; } = state.Count;

    public long Bytes { get; private set; } = state.Bytes;

    /// <summary>What the store is to know.</summary>
    public DelayedState State => new(Count, Bytes, _nextNumber);

    /// <summary>The last batch that changed them in the store.</summary>
    public long Batch { get; private set; }

    /// <summary>Counts up whenever all of them are thrown away.</summary>
    public long Epoch { get; private set; }

    /// <summary>Whether a pass over those that are due is under way.</summary>
    public bool IsMoving { get; set; }

    private long _nextNumber = Math.Max(1, state.NextNumber);

    /// <summary>The place of the next one. <see cref="Add"/> takes it.</summary>
    public DelayedKey NextKey(long dueAt) => new(dueAt, _nextNumber);

    /// <returns>Whether it stands before all others.</returns>
    public bool Add(DelayedKey key, int payloadBytes)
    {
        _nextNumber++;
        Count++;
        Bytes += payloadBytes;
        var isFirst = key < First;
        First = isFirst ? key : First;
        return isFirst;
    }

    public void Remove(int payloadBytes)
    {
        Count--;
        Bytes -= payloadBytes;
    }

    public void NoteBatch(long batch) => Batch = Math.Max(Batch, batch);

    /// <summary>None stands before <paramref name="first"/> but those that are added from now on.</summary>
    public void MoveFirst(DelayedKey first) => First = first;

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        (Count, Bytes) = (0, 0);
        First = DelayedKey.Last;
        Epoch++;
    }
}
