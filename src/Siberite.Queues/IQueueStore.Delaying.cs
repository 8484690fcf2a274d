using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Items that are not due yet, in order of their due times, and the ids that sets were given.
public partial interface IQueueStore
{
    /// <summary>What is kept of a queue beside its items. For one that came from elsewhere; at a start
    /// <see cref="LoadQueues"/> tells it.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    QueueExtras ReadExtras(long queueId);

    /// <summary>Reads delayed items in order of their keys, as far as they were written.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="first">First key wanted.</param>
    /// <param name="dueLimit">First due time not wanted, in Unix milliseconds.</param>
    /// <param name="maxCount">Stops after so many items.</param>
    /// <param name="maxBytes">Stops after the item whose payload reaches this many bytes in sum.</param>
    /// <param name="target">Items are added to it, with payload arrays of their own.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    void ReadDelayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount, long maxBytes, ICollection<DelayedItem> target);

    /// <summary>The first key of a delayed item from <paramref name="first"/> on, as far as they were written.
    /// </summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    DelayedKey? FindDelayed(long queueId, DelayedKey first);

    /// <summary>What is known of an id, as far as it was written; <see langword="null"/> if nothing is.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    SeenId? FindId(long queueId, ReadOnlySpan<byte> id);

    /// <summary>Reads ids in order of their ordinals, as far as they were written.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="first">First ordinal wanted.</param>
    /// <param name="maxCount">Stops after so many.</param>
    /// <param name="target">Ids are added to it, with arrays of their own.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    void ReadIds(long queueId, long first, int maxCount, ICollection<StoredId> target);
}

public partial interface IStoreBatch
{
    /// <summary>Adds an item that is not due yet.</summary>
    /// <param name="queueId">The queue.</param>
    /// <param name="key">Its place among them.</param>
    /// <param name="header">Everything but the payload. Its sequence and sum of bytes mean nothing here.</param>
    /// <param name="payload">Copied before this returns.</param>
    void AppendDelayed(long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload);

    /// <summary>Removes one delayed item.</summary>
    void RemoveDelayed(long queueId, DelayedKey key);

    /// <summary>Removes all delayed items of the queue.</summary>
    void DropDelayed(long queueId);

    /// <summary>Replaces what is known of the queue's delayed items as a whole.</summary>
    void PutDelayedState(long queueId, in DelayedState state);

    /// <summary>Remembers an id. An earlier record of the same id is replaced, but keeps its place in
    /// order.</summary>
    void PutId(long queueId, long ordinal, long seenAt, ReadOnlySpan<byte> id);

    /// <summary>Forgets an id, whatever its ordinal; its place in order is left to <see cref="TrimIds"/>.</summary>
    void RemoveId(long queueId, ReadOnlySpan<byte> id);

    /// <summary>Removes the places <paramref name="first"/> up to, not including, <paramref name="limit"/> in the order
    /// of ids.</summary>
    void TrimIds(long queueId, long first, long limit);
}

/// <summary>A delayed item's place: by due time, then in the order of their appends.</summary>
/// <param name="DueAt">When it goes to the tail of its queue, in Unix milliseconds.</param>
/// <param name="Number">Counts up from 1 within the queue, never reused.</param>
public readonly record struct DelayedKey(long DueAt, long Number) : IComparable<DelayedKey>
{
    /// <summary>Comes after every other key.</summary>
    public static DelayedKey Last => new(long.MaxValue, long.MaxValue);

    /// <summary>The key that follows at once.</summary>
    public DelayedKey Next => this with { Number = Number + 1 };

    /// <summary>Whether one comes before the other.</summary>
    public static bool operator <(DelayedKey left, DelayedKey right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes after the other.</summary>
    public static bool operator >(DelayedKey left, DelayedKey right) => left.CompareTo(right) > 0;

    /// <summary>Whether one does not come after the other.</summary>
    public static bool operator <=(DelayedKey left, DelayedKey right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one does not come before the other.</summary>
    public static bool operator >=(DelayedKey left, DelayedKey right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(DelayedKey other)
        => DueAt != other.DueAt ? DueAt.CompareTo(other.DueAt) : Number.CompareTo(other.Number);
}

/// <summary>A delayed item as read from the store.</summary>
public readonly record struct DelayedItem(DelayedKey Key, StoredItem Item);

/// <summary>What is known of a queue's delayed items as a whole.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Bytes">Their payload bytes.</param>
/// <param name="NextNumber">The number of the next one, from 1.</param>
public readonly record struct DelayedState(long Count, long Bytes, long NextNumber);

/// <summary>When an id was seen last.</summary>
/// <param name="Ordinal">Counts the ids of the queue, from 1.</param>
/// <param name="SeenAt">Unix milliseconds.</param>
public readonly record struct SeenId(long Ordinal, long SeenAt);

/// <summary>An id in its place in order.</summary>
public readonly record struct StoredId(SeenId Seen, byte[] Id);

/// <summary>What a queue has beside its items.</summary>
/// <param name="Delayed">Of its delayed items; the default if it never had any.</param>
/// <param name="FirstIdOrdinal">The least place in the order of ids; 0 if there are none.</param>
/// <param name="LastIdOrdinal">The greatest; 0 if there are none.</param>
public readonly record struct QueueExtras(DelayedState Delayed, long FirstIdOrdinal, long LastIdOrdinal);
