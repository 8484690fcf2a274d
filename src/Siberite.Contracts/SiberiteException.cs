namespace Siberite.Contracts;

/// <summary>Everything Siberite refuses or fails at. Numbers are on the wire between silos: append only.</summary>
public enum SiberiteError
{
    /// <summary>A queue name that no queue can have.</summary>
    QueueNameInvalid = 1,

    /// <summary>A write or sync failed. Final until the process is restarted.</summary>
    StorageFailed = 2,

    /// <summary>The disk has less room than the reserve: sets are refused, gets and closes go on.</summary>
    DiskFull = 3,

    /// <summary>The silo that is the queue's home is not there.</summary>
    QueueUnavailable = 4,

    /// <summary>The silo has as many queues as it may have.</summary>
    TooManyQueues = 5,

    /// <summary>A call to another silo ended without an answer: it may have taken effect.</summary>
    OutcomeUnknown = 6,

    /// <summary>The silo is stopping.</summary>
    ShuttingDown = 7,

    /// <summary>Stored bytes of this queue could not be read or understood.</summary>
    ItemUnreadable = 8,

    /// <summary>Some silos could not be reached; on all others it was done.</summary>
    SilosAway = 9,

    /// <summary>The queue directory cannot be asked: its storage, or a silo on the way to it, does not
    /// answer.</summary>
    DirectoryUnavailable = 10,

    /// <summary>Queues that were to change together have their homes on different silos. Nothing was done.</summary>
    HomesDiffer = 11,

    /// <summary>The queue is on its way to another silo: try again in a moment.</summary>
    QueueMoving = 12,

    /// <summary>A cursor name that no cursor can have.</summary>
    CursorNameInvalid = 20,

    /// <summary>The queue has as many cursors as its settings allow.</summary>
    TooManyCursors = 21,

    /// <summary>What was asked for cannot be done with a cursor, or with a queue of this kind.</summary>
    NotForThisQueue = 22,

    /// <summary>A setting that does not exist, cannot be read, is out of its range or cannot be changed now.</summary>
    SettingInvalid = 13,

    /// <summary>An operator paused the queue: reads are refused, sets are not.</summary>
    QueuePaused = 14,

    /// <summary>The queue has as many calls of other silos under way as it may have. Nothing was done.</summary>
    QueueBusy = 15,

    /// <summary>An open read is no longer open: its queue's home started anew. The item is served again.</summary>
    ReadLost = 16,

    /// <summary>Queues without a journal have used up the memory that they may have together. Nothing was
    /// appended.</summary>
    MemoryFull = 17,
}

/// <summary>A refusal the client is told of, or a fault an operator must see; never an empty queue.</summary>
[GenerateSerializer, Alias("siberite.exception")]
public sealed class SiberiteException(SiberiteError error, string message, Exception? inner)
    : Exception(message, inner)
{
    /// <summary>Which refusal or fault it is.</summary>
    [Id(0)]
    public SiberiteError Error { get; } = error;

    /// <summary>The name of the silo that is away, or of several, where the error is about that and a name is
    /// known.</summary>
    [Id(1)]
    public string? Silo { get; init; }
}
