namespace Siberite.Contracts;

/// <summary>A payload that lies in a file of this silo, not in memory.</summary>
/// <remarks>Its bytes go when its item has left the queue. Whoever wants them holds it from a moment on when the item
/// is certainly there, and lets go of it once. Thread-safe.</remarks>
public interface ILargePayload
{
    /// <summary>Bytes of the payload.</summary>
    int Length { get; }

    /// <summary>Keeps the bytes until <see cref="Release"/>.</summary>
    void Hold();

    /// <summary>Takes one <see cref="Hold"/> back.</summary>
    void Release();

    /// <summary>Fills <paramref name="target"/> with the bytes from <paramref name="offset"/> on. Held by the
    /// caller.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    void Read(int offset, Span<byte> target);

    /// <summary>A copy of all bytes, compared with what they were when they were written. Held by the caller.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    byte[] ToArray();
}

/// <summary>A large payload on its way to its file. Used by one thread at a time; disposed by whoever began it, after
/// the append of its item or instead of that.</summary>
public interface ILargeDraft : IDisposable
{
    /// <summary>Adds the next bytes.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.DiskFull"/> or
    /// <see cref="SiberiteError.StorageFailed"/>.</exception>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>The payload, once all of its bytes were written.</summary>
    ILargePayload Complete();
}

/// <summary>Ways from a large payload back to one in memory.</summary>
public static class LargePayloads
{
    /// <summary>Takes an item for somebody elsewhere: its bytes come in memory. An item that cannot be read goes
    /// back.</summary>
    public static Task<TakeResult> TakeInMemoryAsync(
        this IQueue queue, SessionId session, TakeMode mode, TimeSpan wait)
        => queue.BringInMemoryAsync(session, queue.TakeAsync(session, mode, wait));

    /// <summary>The end of a take of <paramref name="session"/>, with the bytes in memory. An item that cannot be read
    /// goes back.</summary>
    public static async Task<TakeResult> BringInMemoryAsync(
        this IQueue queue, SessionId session, ValueTask<TakeResult> take)
    {
        var result = await take;
        try
        {
            return result with { Item = result.Item.InMemory() };
        }
        catch (SiberiteException)
        {
            await queue.AbortAsync(session, result.Item.Sequence);
            throw;
        }
    }
}
