using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A cursor of a queue on another silo. Its commands go with those of the queue, in their order.</summary>
internal sealed class GrainCursor : IQueueCursor
{
    private readonly GrainQueue _queue;
    private readonly CursorName _cursor;

    public GrainCursor(GrainQueue queue, CursorName cursor)
    {
        _queue = queue;
        _cursor = cursor;
        Address = cursor.AddressIn(queue.Name);
    }

    /// <inheritdoc/>
    public QueueName Name => _queue.Name;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Address { get; }

    /// <inheritdoc/>
    public bool TakesInPipelines => true;

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
        => _queue.TakeAsync(session, mode, wait, _cursor);

    /// <inheritdoc/>
    public void CancelWait(SessionId session) => _queue.CancelWait(session, _cursor);

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
        => _queue.EndRead(QueueCommandKind.Close, session, sequence, _cursor).AsCommit();

    /// <inheritdoc/>
    public void CloseSent(SessionId session, long sequence) => _queue.CloseSent(session, sequence, _cursor);

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
        => _queue.EndRead(QueueCommandKind.Abort, session, sequence, _cursor).AsAbort();

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
        => _queue.EndRead(QueueCommandKind.Return, session, sequence, _cursor).AsAbort();

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
        => _queue.Send(QueueCommandKind.Touch, session, sequence, _cursor, lease).AsTouch();

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync()
        => _queue.Send(QueueCommandKind.Purge, default, sequence: 0, _cursor).AsCommit();

    /// <inheritdoc/>
    public ValueTask<Commit> DropAsync()
        => _queue.Send(QueueCommandKind.DropCursor, default, sequence: 0, _cursor).AsCommit();

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor) => _queue.OpenCursor(cursor);
}
