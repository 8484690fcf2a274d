namespace Siberite.Queues;

/// <summary>How often items were opened that are not closed, as far as memory must know: those that are open, came
/// back, or stand in the window after an earlier try.</summary>
internal sealed class DeliveryCounts
{
    private readonly Dictionary<long, Entry> _counts = [];

    public int Of(long sequence) => _counts.TryGetValue(sequence, out var entry) ? entry.Count : 0;

    /// <summary>Takes up a count that the item itself was stored with.</summary>
    public void Note(long sequence, int count) => _counts.TryAdd(sequence, new Entry(count, IsStored: false));

    /// <summary>Takes up a count that stands in the store for itself.</summary>
    public void Load(long sequence, int count) => _counts[sequence] = new Entry(count, IsStored: true);

    /// <summary>Counts one more.</summary>
    /// <returns>How often, by now.</returns>
    public int Add(long sequence)
    {
        var count = Of(sequence) + 1;
        _counts[sequence] = new Entry(count, IsStored: true);
        return count;
    }

    /// <summary>Counts one less.</summary>
    /// <returns>How often, by now; <see langword="null"/> if it was not counted.</returns>
    public int? TakeBack(long sequence)
    {
        if (!_counts.TryGetValue(sequence, out var entry) || !entry.IsStored)
        {
            return null;
        }

        var count = Math.Max(0, entry.Count - 1);
        _counts[sequence] = entry with { Count = count };
        return count;
    }

    /// <returns>Whether the store has a count of its own to forget.</returns>
    public bool Remove(long sequence) => _counts.Remove(sequence, out var entry) && entry.IsStored;

    /// <summary>What the store has counts of.</summary>
    public List<(long Sequence, int Count)> Stored()
        => [.. _counts.Where(pair => pair.Value.IsStored).Select(pair => (pair.Key, pair.Value.Count))];

    private readonly record struct Entry(int Count, bool IsStored);
}
