namespace Siberite.Contracts;

/// <summary>What an operator does with one queue, from any silo.</summary>
/// <remarks>Every method may throw <see cref="SiberiteException"/> with <see cref="SiberiteError.QueueUnavailable"/> or
/// <see cref="SiberiteError.DirectoryUnavailable"/>. A queue that does not exist is a result, not an error.</remarks>
public interface IQueueAdmin
{
    /// <summary>Makes a queue that is durable although it has no items. One that exists stays as it is.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="settings">Its settings at run time; its <c>Mode</c> may be among them.</param>
    /// <returns>Whether it was made.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>: nothing was made.</exception>
    ValueTask<bool> CreateAsync(QueueName name, IReadOnlyDictionary<string, string> settings);

    /// <summary>Deletes the queue at all its homes with all its items, and its settings at run time.</summary>
    /// <returns>Whether there was one.</returns>
    ValueTask<bool> DeleteAsync(QueueName name);

    /// <summary>Drops every item that waits. Open reads stay, and may still be aborted.</summary>
    /// <returns>Whether there is such a queue.</returns>
    ValueTask<bool> PurgeAsync(QueueName name);

    /// <summary>What the queue is told and where each value comes from, as its home sees it;
    /// <see langword="null"/> if there is no such queue.</summary>
    ValueTask<IReadOnlyList<EffectiveSetting>?> GetSettingsAsync(QueueName name);

    /// <summary>Changes the queue's settings at run time. Durable and in force at all its homes when it
    /// answers.</summary>
    /// <returns>Whether there is such a queue.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>: the old ones stay, all of
    /// them.</exception>
    ValueTask<bool> ChangeSettingsAsync(QueueName name, SettingsChange change);

    /// <summary>Looks at items without taking them, those in the hands of sessions included, in their order.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="from">Where to begin, as an earlier page ended; <see langword="null"/> for the head.</param>
    /// <param name="maxCount">Most items.</param>
    /// <param name="maxBytes">Payload bytes after which the page ends; its last item may go beyond.</param>
    /// <returns><see langword="null"/> if there is no such queue.</returns>
    ValueTask<ItemPage?> InspectAsync(QueueName name, ItemPlace? from, int maxCount, int maxBytes);

    /// <summary>Appends items at the tail, in order, as so many sets.</summary>
    /// <returns>How many were stored, the first ones: fewer when the queue is full, or refuses.</returns>
    ValueTask<AppendedItems> AppendAsync(QueueName name, IReadOnlyList<ItemDraft> drafts);

    /// <summary>Moves the oldest waiting items of a queue to the tail of another, a bounded number at a time.</summary>
    /// <param name="source">The queue they leave.</param>
    /// <param name="target">The queue they go to.</param>
    /// <param name="maxCount">Most items; fewer may be moved in one call although more are there.</param>
    /// <returns><see langword="null"/> if one of the queues does not exist.</returns>
    ValueTask<RedriveResult?> RedriveAsync(QueueName source, QueueName target, int maxCount);
}

/// <summary>A change of a queue's settings at run time.</summary>
/// <param name="Values">By key; <see langword="null"/> takes the setting away, so that files count again.</param>
/// <param name="ReplacesAll">Whether settings that are not named go too.</param>
[GenerateSerializer, Immutable, Alias("siberite.settings-change")]
public sealed record SettingsChange(
    [property: Id(0)] Dictionary<string, string?> Values, [property: Id(1)] bool ReplacesAll);

/// <summary>Where a setting's value comes from. Later ones count more.</summary>
public enum SettingOrigin : byte
{
    /// <summary>Nobody set it.</summary>
    Code = 0,

    /// <summary>The section that holds for all queues.</summary>
    Default = 1,

    /// <summary>The section of a pattern that the name matches.</summary>
    Pattern = 2,

    /// <summary>The section of the queue's own name.</summary>
    Name = 3,

    /// <summary>The admin API.</summary>
    RunTime = 4,
}

/// <summary>One setting of a queue.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Value">Its value, as in a settings file.</param>
/// <param name="Origin">Where the value comes from.</param>
/// <param name="Section">The section's name, where it comes from one.</param>
[GenerateSerializer, Immutable, Alias("siberite.effective-setting")]
public sealed record EffectiveSetting(
    [property: Id(0)] string Key,
    [property: Id(1)] string Value,
    [property: Id(2)] SettingOrigin Origin,
    [property: Id(3)] string? Section);

/// <summary>A place in a queue, to read on from.</summary>
/// <param name="Store">The home; a loose queue has several, read one after the other.</param>
/// <param name="Sequence">The first sequence not read yet.</param>
[GenerateSerializer, Immutable, Alias("siberite.item-place")]
public readonly record struct ItemPlace([property: Id(0)] StoreId Store, [property: Id(1)] long Sequence);

/// <summary>Some items of a queue, as they lie there.</summary>
/// <param name="Items">In their order.</param>
/// <param name="Next">Where to read on; <see langword="null"/> at the end.</param>
[GenerateSerializer, Immutable, Alias("siberite.item-page")]
public sealed record ItemPage([property: Id(0)] InspectedItem[] Items, [property: Id(1)] ItemPlace? Next);

/// <summary>An item that was looked at.</summary>
/// <param name="Store">Its home.</param>
/// <param name="Sequence">Its ordinal there.</param>
/// <param name="Payload">Its bytes.</param>
/// <param name="Flags">The flags it was set with.</param>
/// <param name="EnqueuedAt">Unix milliseconds.</param>
/// <param name="ExpiresAt">Unix milliseconds; 0 for never.</param>
/// <param name="Deliveries">How often it was handed out in vain, where that is counted.</param>
/// <param name="IsOpen">Whether a session has it.</param>
[GenerateSerializer, Immutable, Alias("siberite.inspected-item")]
public readonly record struct InspectedItem(
    [property: Id(0)] StoreId Store,
    [property: Id(1)] long Sequence,
    [property: Id(2)] byte[] Payload,
    [property: Id(3)] uint Flags,
    [property: Id(4)] long EnqueuedAt,
    [property: Id(5)] long ExpiresAt,
    [property: Id(6)] int Deliveries,
    [property: Id(7)] bool IsOpen);

/// <summary>How an append of several items ended.</summary>
/// <param name="Count">The first so many are stored.</param>
/// <param name="Trouble">Why the others are not; <see langword="null"/> if all are.</param>
public readonly record struct AppendedItems(int Count, string? Trouble);

/// <summary>How a part of a redrive ended.</summary>
/// <param name="Count">Items moved.</param>
/// <param name="IsOver">Whether the source has nothing left to move, or the target takes no more.</param>
/// <param name="Trouble">Why it ended early; <see langword="null"/> if it did not.</param>
[GenerateSerializer, Immutable, Alias("siberite.redrive-result")]
public sealed record RedriveResult(
    [property: Id(0)] int Count, [property: Id(1)] bool IsOver, [property: Id(2)] string? Trouble);
