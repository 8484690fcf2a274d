namespace Siberite.Contracts;

/// <summary>One queue's entry in the queue directory; the key is the queue's name. Durable before it answers.</summary>
/// <remarks>
/// Every answer that names a home has opened the queue there, in the same turn. A queue that no item was stored in yet
/// is only a name in its home's memory; as only this grain puts it there, and takes it away before it clears the
/// record, no item is ever stored in a queue that has no record. Fails with
/// <see cref="SiberiteError.QueueUnavailable"/> while the home is away.
/// </remarks>
[Alias("siberite.queue-directory")]
public interface IQueueDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Where the queue lives, or <see langword="null"/> if there is no such queue.</summary>
    [Alias("find")]
    ValueTask<ResolvedHome?> FindAsync();

    /// <summary>Where the queue lives; if there is no such queue, it is given <paramref name="proposed"/> as its
    /// home.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.TooManyQueues"/>: the proposed home is full, and no
    /// record was made.</exception>
    [Alias("open")]
    ValueTask<ResolvedHome> OpenAsync(StoreId proposed);

    /// <summary>Where the queue lives; if there is no such queue, it is made a loose one. A loose queue gets
    /// <paramref name="store"/> among its homes, and its shard there is opened.</summary>
    [Alias("open-loose")]
    ValueTask<ResolvedHome> OpenLooseAsync(StoreId store);

    /// <summary>Takes a store off a loose queue's homes: it has no items of it and is given none.</summary>
    [Alias("leave-loose")]
    ValueTask LeaveLooseAsync(StoreId store);

    /// <summary>Gives a strict queue, which moved from one store to another, its new home. Fine if it has it
    /// already.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the queue has a third
    /// home.</exception>
    [Alias("move")]
    ValueTask MoveAsync(StoreId source, StoreId target);

    /// <summary>Deletes the queue at its home, with all its items, and then its record. Unknown names are
    /// fine.</summary>
    /// <returns>Whether there was one.</returns>
    [Alias("delete")]
    ValueTask<bool> DeleteAsync();

    /// <summary>Deletes the queue, or the shard of a loose one, that a store has, if it is empty and its settings end
    /// it; then its record, or the store's place in that. An item that comes meanwhile finds the queue gone, and is
    /// stored in the one that is opened anew after this.</summary>
    /// <param name="store">A store that found such a queue among its own.</param>
    [Alias("delete-outlived")]
    ValueTask DeleteOutlivedAsync(StoreId store);

    /// <summary>The queue's settings at run time with its home, without reaching it; <see langword="null"/> if there is
    /// no such queue.</summary>
    [Alias("get-settings")]
    ValueTask<DirectorySettings?> GetSettingsAsync();

    /// <summary>Changes the queue's settings at run time, at all homes and then in the record.</summary>
    /// <returns>Whether there is such a queue.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>, or a home is away: the old ones
    /// stay, all of them.</exception>
    [Alias("change-settings")]
    ValueTask<bool> ChangeSettingsAsync(SettingsChange change);

    /// <summary>Has a home's copy of the settings put right if it differs from the record.</summary>
    /// <param name="store">The home; it may not be one any more.</param>
    /// <param name="copy">What it has.</param>
    [Alias("confirm-settings")]
    ValueTask ConfirmSettingsAsync(StoreId store, [Immutable] Dictionary<string, string> copy);
}

/// <summary>How a queue is spread over silos.</summary>
public enum QueueMode : byte
{
    /// <summary>One home, strict FIFO through any silo.</summary>
    Strict = 0,

    /// <summary>One shard per silo, each strictly FIFO.</summary>
    Loose = 1,
}

/// <summary>A queue's home record.</summary>
/// <param name="Mode">Strict or loose.</param>
/// <param name="Stores">Its home stores: exactly one for a strict queue; for a loose one those that were ever given
/// items.</param>
/// <param name="CreatedAt">When the record was made, in Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-home")]
public sealed record QueueHome(
    [property: Id(0)] QueueMode Mode, [property: Id(1)] StoreId[] Stores, [property: Id(2)] long CreatedAt);

/// <summary>A queue's home as it was just reached.</summary>
/// <param name="Home">The record.</param>
/// <param name="Run">The run of the home's silo that opened the queue; 0 for a loose queue.</param>
[GenerateSerializer, Immutable, Alias("siberite.resolved-home")]
public sealed record ResolvedHome([property: Id(0)] QueueHome Home, [property: Id(1)] long Run);

/// <summary>What the directory knows of a queue besides where it lives.</summary>
/// <param name="Home">The record.</param>
/// <param name="Values">Its settings at run time.</param>
[GenerateSerializer, Immutable, Alias("siberite.directory-settings")]
public sealed record DirectorySettings(
    [property: Id(0)] QueueHome Home, [property: Id(1)] Dictionary<string, string> Values);
