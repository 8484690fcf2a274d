namespace Siberite.Crash.Tests.Fake;

/// <summary>Bugs that the fake server can be given. Each strikes now and then, not always.</summary>
internal enum Mutation
{
    None,

    /// <summary>A close is answered and does nothing.</summary>
    DropClose,

    /// <summary>A close is not written down: the item is back after a restart.</summary>
    ResurrectClosed,

    /// <summary>An item is acknowledged before it is written, and the crash comes first.</summary>
    AcknowledgeBeforeWrite,

    /// <summary>Two neighbours are stored in the wrong order.</summary>
    SwapTwoItems,

    /// <summary>An aborted item is not put back.</summary>
    LoseAborted,

    /// <summary>An aborted item goes to the tail.</summary>
    AbortToTail,

    /// <summary>An aborted item is put back twice.</summary>
    AbortTwice,

    /// <summary>An abort closes.</summary>
    LoseAbortedForGood,

    /// <summary>The item of a session that went away goes to the tail.</summary>
    DroppedToTail,

    /// <summary>The item of a session that went away is gone.</summary>
    LoseDropped,

    /// <summary>A plain get leaves the item where it was.</summary>
    DuplicateTake,

    /// <summary>A plain get is never written down.</summary>
    ForgetTake,

    /// <summary>An opened item may be opened by another session too.</summary>
    SharedOpen,

    /// <summary>One byte of a payload is changed.</summary>
    CorruptByte,

    /// <summary>The last byte of a payload is cut off.</summary>
    TruncatePayload,

    /// <summary>An item is sent with the payload of the one before it.</summary>
    StalePayload,

    /// <summary>An item is sent without its flags.</summary>
    LoseFlags,

    /// <summary>An item is stored in another queue.</summary>
    WrongQueue,

    /// <summary>A set is refused and stored all the same.</summary>
    RefuseButStore,

    /// <summary>A waiting item is gone after a restart.</summary>
    LoseOnRestart,

    /// <summary>An opened item is off the disk, as in Siberite: a crash takes it along.</summary>
    LoseOpenOnCrash,

    /// <summary>A crash returns open items to the tail.</summary>
    OpenToTailOnCrash,

    /// <summary>A restart finds a queue in reverse order.</summary>
    ReverseOnRestart,

    /// <summary>A set into two queues stores into one.</summary>
    MultiSetPartial,

    /// <summary>A crash falls between the two halves of a set into two queues.</summary>
    MultiSetTorn,

    /// <summary><c>END</c> although an item waits.</summary>
    FalseEmpty,

    /// <summary>A waiting get is not woken and says <c>END</c> at its deadline.</summary>
    MissedWakeUp,

    /// <summary>The item behind the head is served.</summary>
    SkipHead,

    /// <summary>An item of no bytes is taken for no item, as in Siberite.</summary>
    LoseZeroLength,

    /// <summary>A chained close and open closes what it has just opened.</summary>
    ChainClosesNext,

    /// <summary>A close removes the next item too.</summary>
    CloseTwo,

    /// <summary>A closed item comes back when its session ends.</summary>
    ClosedReturnsWithSession,
}
