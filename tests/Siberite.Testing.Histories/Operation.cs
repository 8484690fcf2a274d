namespace Siberite.Testing.Histories;

internal enum Act
{
    Set,

    /// <summary>A plain get: the reply takes the item.</summary>
    Take,

    /// <summary>A reliable get: the item is held until it is closed or goes back.</summary>
    Open,
    Close,
    Abort,
}

internal enum Outcome
{
    /// <summary>No reply yet.</summary>
    Pending,

    /// <summary>Done, as the reply says.</summary>
    Ok,

    /// <summary>Refused: certain to have had no effect. A refused get may have held an item until it was
    /// undone.</summary>
    Refused,

    /// <summary>No reply ever: it may have taken effect or not.</summary>
    Unknown,

    /// <summary>Answered from elsewhere: it may have held an item until its reply, and has given it back by
    /// then.</summary>
    Undone,
}

/// <summary>One command of one session, from the moment before it was sent to the moment its reply was read.</summary>
internal sealed class Operation
{
    /// <summary>A moment that never comes.</summary>
    public const long Never = long.MaxValue;

    public required int Index { get; init; }

    public required Session Session { get; init; }

    public required Act Act { get; init; }

    /// <summary>One queue; several, joined by <c>+</c>, for a set into all of them.</summary>
    public required string Queue { get; init; }

    /// <summary>What a set writes, a get was given and a close or abort is about. <see langword="null"/> for
    /// <c>END</c>.</summary>
    public ItemId? Item { get; set; }

    public int SizeBytes { get; init; }

    /// <summary>How long a get was told to wait for an item, in ticks of the ledger's clock.</summary>
    public long Wait { get; init; }

    public required long Invoke { get; init; }

    public long Return { get; set; } = Never;

    public Outcome Outcome { get; set; }

    /// <summary>The text of a refusal, or what was wrong with the delivered bytes.</summary>
    public string? Note { get; set; }

    /// <summary>Whether <see cref="Note"/> tells of broken bytes.</summary>
    public bool IsDefective { get; set; }

    public bool IsRead => Act is Act.Take or Act.Open;

    public string[] Queues => Queue.Split('+');

    /// <summary>The same said of another queue.</summary>
    /// <param name="queue">Which.</param>
    /// <param name="isUndone">Whether its item came from another one.</param>
    public Operation At(string queue, bool isUndone = false)
        => new()
        {
            Index = Index,
            Session = Session,
            Act = Act,
            Queue = queue,
            Item = isUndone ? null : Item,
            SizeBytes = SizeBytes,
            Wait = Wait,
            Invoke = Invoke,
            Return = Return,
            Outcome = isUndone ? Outcome.Undone : Outcome,
            Note = Note,
            IsDefective = IsDefective,
        };
}

internal enum SessionEnd
{
    /// <summary>Still there.</summary>
    None,

    /// <summary>We dropped the connection.</summary>
    Dropped,

    /// <summary>We said <c>quit</c> and saw the server close the connection.</summary>
    Quit,

    /// <summary>The connection broke, by a crash or otherwise.</summary>
    Lost,
}

/// <summary>One connection, in one life of the server.</summary>
internal sealed class Session
{
    public required int Id { get; init; }

    public required string Client { get; init; }

    /// <summary>How many crashes the server had behind it.</summary>
    public required int Life { get; init; }

    /// <summary>The silo that serves it, if it is one of a cluster and known.</summary>
    public string? Gateway { get; init; }

    public SessionEnd End { get; set; }

    /// <summary>The moment before we ended it, or noticed its end.</summary>
    public long EndInvoke { get; set; } = Operation.Never;

    /// <summary>The moment after which the server is known to know.</summary>
    public long EndReturn { get; set; } = Operation.Never;

    /// <summary>When the last command that was answered had been sent: the server held the session then.</summary>
    public long LastAnsweredInvoke { get; set; } = long.MinValue;
}

internal enum CrashKind
{
    /// <summary>SIGKILL: what was handed to the operating system stays.</summary>
    Kill,

    /// <summary>What was not synced may be gone.</summary>
    PowerCut,
}

/// <summary>One end of the server's life, and its return.</summary>
internal sealed class Crash
{
    public required CrashKind Kind { get; init; }

    /// <summary>Just before it was caused.</summary>
    public required long Invoke { get; init; }

    /// <summary>From here on the old process does nothing any more.</summary>
    public long Return { get; set; } = Operation.Never;

    /// <summary>From here on the next process serves.</summary>
    public long Served { get; set; } = Operation.Never;
}
