namespace Siberite.Testing.Histories;

internal enum DeliveryEnd
{
    /// <summary>Taken by a plain get.</summary>
    Taken,
    Closed,

    /// <summary>A close was sent and never answered.</summary>
    MaybeClosed,

    /// <summary>Given back by an abort, or by the end of its session before or while aborting.</summary>
    Returned,
}

/// <summary>One time an item was handed out, and how that ended.</summary>
internal sealed class Delivery(Operation read)
{
    /// <summary>The get that handed it out.</summary>
    public Operation Read { get; } = read;

    /// <summary>The close or abort of it.</summary>
    public Operation? Finish { get; set; }

    public DeliveryEnd End { get; set; }

    public long Invoke => Read.Invoke;

    public long Return => Read.Return;

    /// <summary>From <see cref="Return"/> to this moment nobody else may have the item. Smaller when that is not
    /// certain.</summary>
    public long HeldUntil { get; set; }
}

/// <summary>One item in one queue. A set into several queues makes several.</summary>
internal sealed class Copy(string queue, ItemId id, Operation set)
{
    public string Queue { get; } = queue;

    public ItemId Id { get; } = id;

    public Operation Set { get; } = set;

    /// <summary>In the order of their returns.</summary>
    public List<Delivery> Deliveries { get; } = [];

    /// <summary>If it is stored at all, it is stored by now.</summary>
    public long StoredBy { get; set; } = Operation.Never;

    /// <summary>Whether some reader has it, or may have it, for good. One after whom it was handed out again has
    /// not.</summary>
    public bool IsFinished => Deliveries.Any(
        d => d.End != DeliveryEnd.Returned && !Deliveries.Any(later => later.Invoke > d.Return));
}

/// <summary>A span in which a copy waits in its queue for certain: a get that lies in it sees it.</summary>
/// <param name="Copy">What waits.</param>
/// <param name="Start">When it was certainly there.</param>
/// <param name="End">When it perhaps no longer was.</param>
/// <param name="After">The delivery it came back from, if it came back.</param>
/// <param name="Before">The delivery that may have ended the span, if one did.</param>
internal readonly record struct Waiting(Copy Copy, long Start, long End, Delivery? After, Delivery? Before)
{
    public bool IsReturn => After is not null;
}

/// <summary>A get without an item in its reply: it may have had any, from <c>Invoke</c> at the earliest to <c>Until</c>
/// at the latest.</summary>
internal readonly record struct UnknownRead(Operation Read, long Until)
{
    /// <summary>Whether it may have taken the item for good.</summary>
    public bool MayHaveTaken => Read is { Act: Act.Take, Outcome: Outcome.Unknown };
}
