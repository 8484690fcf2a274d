namespace Siberite.Contracts;

/// <summary>One queue's address in the cluster. The key is <c>&lt;queue&gt;@&lt;store id&gt;</c> and names its
/// home.</summary>
/// <remarks>Calls fail when no active silo has that store: a queue never appears elsewhere, empty.</remarks>
[Alias("siberite.queue")]
public interface IQueueGrain : IGrainWithStringKey
{
    /// <summary>Opens the queue in its silo's engine, creating it there if needed. Only the queue's directory grain
    /// calls it, in a turn that excludes a deletion: nothing is ever stored in a queue without a home record.</summary>
    /// <returns>The run of the silo that answered: what a first call expects.</returns>
    [Alias("open"), ResponseTimeout("00:00:05")]
    ValueTask<long> OpenAsync();

    /// <summary>The same for a shard of a loose queue, which its store remembers to be one.</summary>
    [Alias("open-shard"), ResponseTimeout("00:00:05")]
    ValueTask<long> OpenShardAsync();

    /// <summary>Carries out the commands of one gateway, in order, once. Answers when all are committed.</summary>
    /// <remarks>The same call made again, by <see cref="QueueCall.Number"/>, is answered as the first time and has no
    /// further effect. 5 s: longer than any commit of a healthy disk; with one repetition a client has an answer after
    /// 10 s at the latest.</remarks>
    [Alias("execute"), ResponseTimeout("00:00:05")]
    ValueTask<QueueReply> ExecuteAsync(QueueCall queueCall);

    /// <summary>Waits for an item for one slice of time. The wait keeps its place in line between slices, for a
    /// while.</summary>
    /// <param name="gateway">Where the session is.</param>
    /// <param name="session">Whose wait it is; one per session.</param>
    /// <param name="mode">What the item is for.</param>
    /// <param name="wait">The whole wait, from its first slice.</param>
    /// <returns>The outcome, or <see langword="null"/> when the slice ended first: call again.</returns>
    [Alias("wait")]
    ValueTask<QueueOutcome?> WaitAsync(GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait);

    /// <summary>Ends a wait of <paramref name="session"/>; an item already on its way goes back.</summary>
    [Alias("cancel-wait")]
    ValueTask CancelWaitAsync(SessionId session);

    /// <summary>Waits as <see cref="WaitAsync"/> does, for a cursor.</summary>
    [Alias("wait-at-cursor")]
    ValueTask<QueueOutcome?> WaitAtCursorAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait, CursorName cursor);

    /// <summary>Ends a wait of a cursor.</summary>
    [Alias("cancel-cursor-wait")]
    ValueTask CancelCursorWaitAsync(SessionId session, CursorName cursor);

    /// <summary>Deletes the queue with all its items, open ones too. Answers when that is synced to disk, whatever the
    /// durability: the home record goes next. Only the queue's directory grain calls it.</summary>
    /// <returns>Whether its home may be forgotten: not while it has children there.</returns>
    [Alias("delete")]
    ValueTask<bool> DeleteAsync();

    /// <summary>The same if the queue is empty and its settings end it. Only its directory grain calls it.</summary>
    /// <returns>Whether it is gone, and its home may be forgotten.</returns>
    [Alias("delete-outlived")]
    ValueTask<bool> DeleteOutlivedAsync();
}

/// <summary>One run of one silo's gateway.</summary>
/// <param name="Number">Names it in the ids of its sessions; drawn at random at each start.</param>
/// <param name="Silo">The silo it belongs to. When membership declares that silo dead, what the gateway's sessions had
/// open goes back.</param>
[GenerateSerializer, Immutable, Alias("siberite.gateway-address")]
public readonly record struct GatewayAddress([property: Id(0)] long Number, [property: Id(1)] SiloAddress Silo);

/// <summary>Commands of one gateway to one queue.</summary>
/// <param name="Gateway">Whose sessions the commands are of.</param>
/// <param name="Sender">Which of the gateway's senders this is: it has one call under way at a time.</param>
/// <param name="Number">Grows from call to call of a sender, and stays the same when a call is repeated.</param>
/// <param name="ExpectedRun">The run of the home's silo that the call is meant for. Another run carries out nothing: it
/// cannot know whether the call, made before, took effect.</param>
/// <param name="Commands">What to do, in order.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-call")]
public sealed record QueueCall(
    [property: Id(0)] GatewayAddress Gateway,
    [property: Id(1)] long Sender,
    [property: Id(2)] long Number,
    [property: Id(3)] long ExpectedRun,
    [property: Id(5)] QueueCommands Commands);

/// <summary>The commands of one call. Their bytes on the way are the cluster's own, not what Orleans would write: a
/// pipeline is mostly that.</summary>
[Immutable, Alias("siberite.queue-commands")]
public readonly record struct QueueCommands(QueueCommand[] Items);

/// <summary>The outcomes of one call, for the same reason; <see langword="null"/> for none.</summary>
[Immutable, Alias("siberite.queue-outcomes")]
public readonly record struct QueueOutcomes(QueueOutcome[]? Items);

/// <summary>The answer to a call.</summary>
/// <param name="Run">The run of the silo that answers.</param>
/// <param name="Outcomes">One outcome per command; none if another run was expected and nothing was done.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-reply")]
public sealed record QueueReply([property: Id(0)] long Run, [property: Id(2)] QueueOutcomes Outcomes);

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

    /// <summary>End the session's wait and give back what it won: the reply to it was lost.</summary>
    Recall = 6,

    /// <summary>Give back what the takes of an earlier call of the same sender won: the reply to it was lost. The
    /// call's number is in <see cref="QueueCommand.Sequence"/>.</summary>
    RecallCall = 7,

    /// <summary>Close several items that one session took plainly: <see cref="QueueCommand.Sequences"/>.</summary>
    CloseSent = 8,

    /// <summary>Take an open read back from a session that is gone.</summary>
    Return = 20,

    /// <summary>Extend the lease of an open read.</summary>
    Touch = 21,

    /// <summary>Drop the cursor.</summary>
    DropCursor = 30,
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
    [property: Id(7)] long Sequence)
{
    /// <summary>Of an append: <see cref="ItemDraft.Delay"/>.</summary>
    [Id(20)]
    public TimeSpan? Delay { get; init; }

    /// <summary>Of an append: <see cref="ItemDraft.Id"/>.</summary>
    [Id(21)]
    public byte[]? ItemId { get; init; }

    /// <summary>Of a touch: how long the lease is to last from now.</summary>
    [Id(22)]
    public TimeSpan Lease { get; init; }

    /// <summary>The cursor it is for; <see langword="null"/> for the queue itself.</summary>
    [Id(30)]
    public CursorName? Cursor { get; init; }

    /// <summary>Of a close of what was sent: the items, in the order they were taken.</summary>
    [Id(31)]
    public long[]? Sequences { get; init; }
}

/// <summary>How one command ended. Committed when it arrives.</summary>
/// <param name="Append">Of an append.</param>
/// <param name="Take">Of a take.</param>
/// <param name="Item">What was taken.</param>
/// <param name="Error">Why it was refused, if it was.</param>
/// <param name="IsDeferred">Whether it was not carried out because the reply is full of items: it goes with the next
/// call.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-outcome")]
public readonly record struct QueueOutcome(
    [property: Id(0)] AppendStatus Append,
    [property: Id(1)] TakeStatus Take,
    [property: Id(2)] Item Item,
    [property: Id(3)] SiberiteError? Error,
    [property: Id(4)] bool IsDeferred = false)
{
    /// <summary>Of a wait: the run of the silo that answers. A call says it once for all its commands.</summary>
    [Id(21)]
    public long Run { get; init; }

    /// <summary>Of a touch: whether the session still has the item open.</summary>
    [Id(20)]
    public bool IsOpen { get; init; }
}
