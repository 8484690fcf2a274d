using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>An item in the hands of a session.</summary>
internal readonly record struct OpenRead(SessionId Session, TakeMode Mode, ItemSlot Slot)
{
    /// <summary>When it goes back by itself, in Unix milliseconds; 0 for never.</summary>
    public long LeaseEndsAt { get; init; }
}
