namespace Siberite.Contracts;

/// <summary>One queue's address in the cluster. The key is <c>&lt;queue&gt;@&lt;store id&gt;</c> and names its
/// home.</summary>
/// <remarks>Calls fail when no active silo has that store: a queue never appears elsewhere, empty.</remarks>
[Alias("siberite.queue")]
public interface IQueueGrain : IGrainWithStringKey
{
    /// <summary>Opens the queue in its silo's engine, creating it there if needed.</summary>
    [Alias("open")]
    ValueTask OpenAsync();

    /// <summary>Carries out the commands of one gateway, in order. Answers when all are committed.</summary>
    /// <returns>One outcome per command.</returns>
    [Alias("execute")]
    ValueTask<QueueOutcome[]> ExecuteAsync([Immutable] QueueCommand[] commands);

    /// <summary>Waits for an item for one slice of time. The wait keeps its place in line between slices, for a
    /// while.</summary>
    /// <param name="session">Whose wait it is; one per session.</param>
    /// <param name="mode">What the item is for.</param>
    /// <param name="wait">The whole wait, from its first slice.</param>
    /// <returns>The outcome, or <see langword="null"/> when the slice ended first: call again.</returns>
    [Alias("wait")]
    ValueTask<QueueOutcome?> WaitAsync(SessionId session, TakeMode mode, TimeSpan wait);

    /// <summary>Ends a wait of <paramref name="session"/>; an item already on its way goes back.</summary>
    [Alias("cancel-wait")]
    ValueTask CancelWaitAsync(SessionId session);

    /// <summary>Deletes the queue with all its items, open ones too. Answers when that is committed.</summary>
    [Alias("delete")]
    ValueTask DeleteAsync();
}

/// <summary>What a gateway asks of a queue on another silo.</summary>
public enum QueueCommandKind : byte
{
    /// <summary>Append the item.</summary>
    Append = 1,

    /// <summary>Take or peek, without waiting.</summary>
    Take = 2,

    /// <summary>Close an open read.</summary>
    Close = 3,

    /// <summary>Give an open read back.</summary>
    Abort = 4,

    /// <summary>Drop all waiting items.</summary>
    Purge = 5,

    /// <summary>End the session's wait and give back what its last take won: the reply to it was lost.</summary>
    Recall = 6,
}

/// <summary>One command on its way to a queue's home.</summary>
[GenerateSerializer, Immutable, Alias("siberite.queue-command")]
public readonly record struct QueueCommand(
    [property: Id(0)] QueueCommandKind Kind,
    [property: Id(1)] SessionId Session,
    [property: Id(2)] byte[]? Payload,
    [property: Id(3)] uint Flags,
    [property: Id(4)] long ExpiresAt,
    [property: Id(5)] bool MustSync,
    [property: Id(6)] TakeMode Mode,
    [property: Id(7)] long Sequence);

/// <summary>How one command ended. Committed when it arrives.</summary>
[GenerateSerializer, Immutable, Alias("siberite.queue-outcome")]
public readonly record struct QueueOutcome(
    [property: Id(0)] AppendStatus Append,
    [property: Id(1)] TakeStatus Take,
    [property: Id(2)] Item Item,
    [property: Id(3)] SiberiteError? Error);
