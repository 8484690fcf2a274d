namespace Siberite.Queues;

/// <summary>What a queue knows of the ids that sets were given: an id counts for a time, and as long as not too many
/// others came after it.</summary>
/// <remarks>
/// The store has all of them; memory only those on their way there. Guarded by the queue's gate.
/// <para>Those that no longer count are removed in the background, in order. An id that was seen again meanwhile has
/// two places in order and one record, which tells the later one and must stay: see <see cref="BeginTrim"/>.</para>
/// </remarks>
internal sealed class SeenIds
{
    /// <summary>Ids removed at a time: a few milliseconds of reading, off the gate.</summary>
    internal const int MaxPerTrim = 1_000;

    private readonly Dictionary<string, (SeenId Seen, long Batch)> _unwritten = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, long Batch)> _order = new();
    private long _first;
    private long _next;
    private bool _isTrimming;
    private SeenId? _oldest; // What the last trim left first, if it got so far.

    public SeenIds(long firstOrdinal, long lastOrdinal)
    {
        _first = Math.Max(1, firstOrdinal);
        _next = lastOrdinal + 1;
    }

    /// <summary>Ids in the store or on their way there.</summary>
    public long Count => _next - _first;

    public long First => _first;

    /// <summary>The least ordinal that still counts.</summary>
    public long OldestCounting(int maxIds) => _next - maxIds;

    /// <returns>The batch of the set that had the id before, 0 if that is written long since; <see langword="null"/>
    /// if the id does not count.</returns>
    public long? FindBatch(
        IQueueStore store, long queueId, byte[] id, in IdLimits limits, long writtenBatch)
    {
        Forget(writtenBatch);
        if (_unwritten.TryGetValue(KeyOf(id), out var found))
        {
            return Counts(found.Seen, limits) ? found.Batch : null;
        }

        return _next > 1 && store.FindId(queueId, id) is { } seen && Counts(seen, limits) ? 0 : null;
    }

    /// <summary>Takes the next ordinal for an id that was seen now.</summary>
    public SeenId Add(byte[] id, long now, long batch)
    {
        var seen = new SeenId(_next++, now);
        var key = KeyOf(id);
        _unwritten[key] = (seen, batch);
        _order.Enqueue((key, batch));
        return seen;
    }

    /// <summary>Has memory keep all that is not written now until <see cref="EndTrim"/>: whatever the store does not
    /// show meanwhile is then found there.</summary>
    /// <returns>Whether there may be something to remove, and no other trim is under way.</returns>
    public bool BeginTrim(in IdLimits limits, long writtenBatch)
    {
        Forget(writtenBatch);
        if (_isTrimming || Count == 0 || (_oldest is { } oldest && Counts(oldest, limits)))
        {
            return false;
        }

        return _isTrimming = true;
    }

    /// <summary>Removes ids read from the store, in order, as far as they no longer count.</summary>
    /// <param name="oldest">As the store has them, from <see cref="First"/> on, each with what its record tells.
    /// </param>
    /// <param name="limits">What counts.</param>
    /// <param name="removed">Those whose record is to be removed.</param>
    /// <returns>The first place that stays.</returns>
    public long EndTrim(
        IReadOnlyList<(StoredId Id, SeenId? Record)> oldest, in IdLimits limits, ICollection<byte[]> removed)
    {
        _isTrimming = false;
        _oldest = null;
        foreach (var (stored, record) in oldest)
        {
            if (Counts(stored.Seen, limits))
            {
                _oldest = stored.Seen;
                break;
            }

            _first = stored.Seen.Ordinal + 1;
            var isSeenAgain = record?.Ordinal != stored.Seen.Ordinal
                || (_unwritten.TryGetValue(KeyOf(stored.Id), out var later)
                    && later.Seen.Ordinal != stored.Seen.Ordinal);
            if (!isSeenAgain)
            {
                removed.Add(stored.Id);
            }
        }

        return _first;
    }

    /// <summary>Ends a trim that could not read.</summary>
    public void AbandonTrim() => _isTrimming = false;

    private static string KeyOf(byte[] id) => Convert.ToHexString(id);

    private bool Counts(SeenId seen, in IdLimits limits)
        => seen.Ordinal >= OldestCounting(limits.MaxIds) && seen.SeenAt > limits.OldestSeenAt;

    private void Forget(long writtenBatch)
    {
        while (!_isTrimming && _order.TryPeek(out var oldest) && oldest.Batch <= writtenBatch)
        {
            _order.Dequeue();
            if (_unwritten.TryGetValue(oldest.Id, out var found) && found.Batch == oldest.Batch)
            {
                _unwritten.Remove(oldest.Id);
            }
        }
    }
}

/// <summary>Which ids count.</summary>
/// <param name="MaxIds">How many, the last ones.</param>
/// <param name="OldestSeenAt">Those seen after it, in Unix milliseconds.</param>
internal readonly record struct IdLimits(int MaxIds, long OldestSeenAt);
