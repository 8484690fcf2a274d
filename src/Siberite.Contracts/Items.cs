using System.Buffers;

namespace Siberite.Contracts;

/// <summary>An item on its way into a queue.</summary>
/// <param name="Payload">0 to <c>MaxItemBytes</c> bytes; the queue copies them before the call returns.</param>
/// <param name="Flags">The client's flags, echoed with the item.</param>
/// <param name="ExpiresAt">When it stops being served, in Unix milliseconds; 0 for never.</param>
/// <param name="MustSync">Whether its reply waits for the disk whatever the durability policy (<c>set
/// q/sync</c>).</param>
public readonly record struct ItemDraft(ReadOnlySequence<byte> Payload, uint Flags, long ExpiresAt, bool MustSync)
{
    /// <summary>How long the item is kept back before it goes to the tail (<c>set q/delay=</c>);
    /// <see langword="null"/> for what the queue's settings say.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>What the client calls the set (<c>set q/id=</c>): of those with the same id, the queue takes one.
    /// Never written to; <see langword="null"/> for none.</summary>
    public byte[]? Id { get; init; }

    /// <summary>Where the bytes are if they are in a file already; the payload is empty then. Only for the queue that
    /// began it.</summary>
    public ILargePayload? Large { get; init; }

    /// <summary>Bytes of the payload, wherever they are.</summary>
    public long PayloadBytes => Large?.Length ?? Payload.Length;

    /// <summary>The same with a copy of the bytes in memory, for whoever appends it later or elsewhere.</summary>
    public ItemDraft Copied()
        => this with { Payload = new(Large is { } large ? large.ToArray() : Payload.ToArray()), Large = null };
}

/// <summary>An item handed to a session.</summary>
/// <param name="Sequence">Its ordinal in its queue, from 1, never reused.</param>
/// <param name="Payload">Its bytes. Shared: never written to.</param>
/// <param name="Flags">The flags it was set with.</param>
[GenerateSerializer, Immutable, Alias("siberite.item")]
public readonly record struct Item(
    [property: Id(0)] long Sequence, [property: Id(1)] byte[] Payload, [property: Id(2)] uint Flags)
{
    /// <summary>Where the bytes are if they are in a file; there is no <see cref="Payload"/> then. Held for whoever
    /// gets the item, who lets go of it. It never leaves the silo.</summary>
    [field: NonSerialized]
    public ILargePayload? Large { get; init; }

    /// <summary>Bytes of the payload, wherever they are.</summary>
    public int PayloadBytes => Large?.Length ?? Payload?.Length ?? 0;

    /// <summary>The same with its bytes in memory; what was held for the caller no longer is.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public Item InMemory()
    {
        if (Large is not { } large)
        {
            return this;
        }

        try
        {
            return this with { Payload = large.ToArray(), Large = null };
        }
        finally
        {
            large.Release();
        }
    }
}

/// <summary>How an append ended.</summary>
public enum AppendStatus : byte
{
    /// <summary>The item is in the queue once the commit is done.</summary>
    Stored = 0,

    /// <summary>The queue has reached a limit of its settings; nothing was appended.</summary>
    Full = 1,

    /// <summary>The queue was deleted meanwhile: resolve the name again.</summary>
    Gone = 2,

    /// <summary>A set with the same id was taken before, which the commit is of; nothing was appended.</summary>
    Duplicate = 3,
}

/// <summary>The end of an append.</summary>
public readonly record struct AppendResult(AppendStatus Status, Commit Commit);

/// <summary>How a take or peek ended.</summary>
public enum TakeStatus : byte
{
    /// <summary>There was nothing to take.</summary>
    Empty = 0,

    /// <summary>An item; it may be shown once its commit is done.</summary>
    Taken = 1,

    /// <summary>The queue was deleted meanwhile: resolve the name again.</summary>
    Gone = 2,
}

/// <summary>The end of a take or peek.</summary>
public readonly record struct TakeResult(TakeStatus Status, Item Item, Commit Commit);

/// <summary>What a take is for.</summary>
public enum TakeMode : byte
{
    /// <summary>A plain get: closed by the gateway once the bytes were handed to the socket.</summary>
    Plain = 0,

    /// <summary>An open read, held until the client closes or aborts it.</summary>
    Open = 1,

    /// <summary>A look at the next item, which stays where it is.</summary>
    Peek = 2,
}
