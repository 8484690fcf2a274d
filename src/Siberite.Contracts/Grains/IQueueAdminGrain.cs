namespace Siberite.Contracts;

/// <summary>The operators' way to one queue at one of its homes. The key is <c>&lt;queue&gt;@&lt;store id&gt;</c>; it
/// lives where the store is, or nowhere.</summary>
/// <remarks>Every call may be made again when its answer was lost; of a redrive, what it moved is not counted
/// then.</remarks>
[Alias("siberite.queue-admin")]
public interface IQueueAdminGrain : IGrainWithStringKey
{
    /// <summary>Makes the queue durable, if it is open and not yet.</summary>
    [Alias("persist"), ResponseTimeout("00:00:05")]
    ValueTask PersistAsync();

    /// <summary>Replaces all the queue's settings at run time at this home. Durable and in force when it answers. Only
    /// the queue's directory grain calls it.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>: the old ones stay.</exception>
    [Alias("configure"), ResponseTimeout("00:00:05")]
    ValueTask ConfigureAsync([Immutable] Dictionary<string, string> settings);

    /// <summary>What the queue is told at this home.</summary>
    [Alias("explain"), ResponseTimeout("00:00:05")]
    ValueTask<EffectiveSetting[]> ExplainAsync();

    /// <summary>Reads items from a sequence on.</summary>
    [Alias("inspect"), ResponseTimeout("00:00:10")]
    ValueTask<ItemPage> InspectAsync(long first, int maxCount, int maxBytes);

    /// <summary>Moves some of the oldest waiting items to another queue.</summary>
    [Alias("redrive")]
    ValueTask<RedriveResult> RedriveAsync(QueueName target, int maxCount);
}
