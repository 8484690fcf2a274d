namespace Siberite.Contracts;

/// <summary>One queue, as a session uses it: on this silo the engine itself, elsewhere a grain.</summary>
/// <remarks>
/// Calls of one session take effect in the order they were made. Every method may throw <see cref="SiberiteException"/>
/// with <see cref="SiberiteError.StorageFailed"/>, <see cref="SiberiteError.QueueUnavailable"/>,
/// <see cref="SiberiteError.OutcomeUnknown"/> or <see cref="SiberiteError.ItemUnreadable"/>. An empty queue is a
/// result, not an error.
/// </remarks>
public interface IQueue
{
    /// <summary>The queue's name, also that of a cursor's queue.</summary>
    QueueName Name { get; }

    /// <summary>The key that means it on the wire: the queue's name, and for a cursor a point and its own.</summary>
    ReadOnlyMemory<byte> Address => Name.Utf8;

    /// <summary>Whether a session may have several takes without a wait under way: they go together, and take effect in
    /// its order.</summary>
    bool TakesInPipelines { get; }

    /// <summary>Appends one item at the tail.</summary>
    /// <returns>At once on this silo; the item may be acknowledged when the commit is done.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.DiskFull"/>,
    /// <see cref="SiberiteError.MemoryFull"/>: nothing was appended.</exception>
    ValueTask<AppendResult> AppendAsync(in ItemDraft draft);

    /// <summary>Begins a payload that goes to its file while it is still being received. Its draft is for this queue
    /// alone.</summary>
    /// <param name="bytes">Its length.</param>
    /// <returns><see langword="null"/> if the queue takes such a payload from memory only.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.DiskFull"/> or
    /// <see cref="SiberiteError.StorageFailed"/>.</exception>
    ILargeDraft? BeginLarge(int bytes) => null;

    /// <summary>Sets the oldest unread item aside for <paramref name="session"/>, or looks at it.</summary>
    /// <param name="session">Whose open read it becomes. A session has at most one take under way on a queue.</param>
    /// <param name="mode">Plain and open takes are the same here but for statistics; a peek sets nothing aside.</param>
    /// <param name="wait">How long to wait for an item, first come, first served; zero to answer at once.</param>
    ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait);

    /// <summary>Ends this session's waiting take, if any, as if its time had run out. The take may still complete with
    /// an item that was on its way.</summary>
    void CancelWait(SessionId session);

    /// <summary>Closes an open read: the item will not be served again.</summary>
    /// <returns>What a reply to the close waits for.</returns>
    ValueTask<Commit> CloseAsync(SessionId session, long sequence);

    /// <summary>Closes what a plain take took, once the client has it. Nobody waits for that: a crash before it is
    /// written serves the item again. Closes to another silo go together.</summary>
    void CloseSent(SessionId session, long sequence)
    {
        var close = CloseAsync(session, sequence);
        if (close.IsCompletedSuccessfully)
        {
            close.GetAwaiter().GetResult();
        }
    }

    /// <summary>Gives an open read back, to its original place.</summary>
    ValueTask AbortAsync(SessionId session, long sequence);

    /// <summary>Takes an open read back from a session that is gone: a delivery that failed, where an abort is one that
    /// was declined.</summary>
    ValueTask ReturnAsync(SessionId session, long sequence);

    /// <summary>Has the lease of an open read last for at least <paramref name="lease"/> from now. Without a lease
    /// there is nothing to extend, and the read stays open all the same.</summary>
    /// <returns>Whether the session still has the item open.</returns>
    ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease);

    /// <summary>Drops every item that waits. Open reads stay, and may still be aborted.</summary>
    ValueTask<Commit> PurgeAsync();

    /// <summary>A cursor of the queue, which need not be there yet.</summary>
    /// <param name="cursor">Its name. The same name gives the same object, where that is cheap to have.</param>
    /// <returns>What reads the queue from the head, beside its other readers, from its first take on. It appends
    /// nothing.</returns>
    IQueueCursor OpenCursor(CursorName cursor);
}

/// <summary>A named reader of a queue, with a durable place of its own.</summary>
/// <remarks>
/// It exists from its first take on, and starts at the oldest item that waits. What the queue's default reader has
/// closed it passes over. A purge sets it back to the head: what it had read is served again. Takes may throw
/// <see cref="SiberiteException"/> with <see cref="SiberiteError.TooManyCursors"/> as well.
/// </remarks>
public interface IQueueCursor : IQueue
{
    /// <inheritdoc/>
    ValueTask<AppendResult> IQueue.AppendAsync(in ItemDraft draft)
        => throw new SiberiteException(SiberiteError.NotForThisQueue, "A cursor takes no items.", inner: null);

    /// <summary>Drops the cursor with its place, its open reads and its waits. One that is not there is fine.</summary>
    ValueTask<Commit> DropAsync();
}
