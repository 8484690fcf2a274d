namespace Siberite.Queues;

/// <summary>What the items of all queues without a journal take of the memory, beside which nothing else has them.
/// Thread-safe.</summary>
/// <param name="maxBytes">From which on no more is let in.</param>
internal sealed class MemoryBudget(long maxBytes)
{
    private long _usedBytes;

    /// <summary>Memory that is held, in bytes.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Whether it is used up.</summary>
    public bool IsFull => UsedBytes >= maxBytes;

    /// <summary>An item came, or, with a negative number, went.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _usedBytes, bytes);
}
