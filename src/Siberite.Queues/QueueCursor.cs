using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>A cursor of a queue as sessions use it, whether it is there yet or not.</summary>
public sealed class QueueCursor : IQueueCursor
{
    private readonly Queue _queue;
    private readonly Lock _gate;

    internal QueueCursor(Queue queue, CursorName cursor)
    {
        _queue = queue;
        _gate = queue.Gate;
        Cursor = cursor;
        Address = cursor.AddressIn(queue.Name);
    }

    /// <summary>Its name within the queue.</summary>
    public CursorName Cursor { get; }

    /// <inheritdoc/>
    public QueueName Name => _queue.Name;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Address { get; }

    /// <summary>What reads, from the first take on. Guarded by the queue's gate.</summary>
    internal QueueReader? Reader { get; set; }

    /// <summary>When it was first used, in Unix milliseconds.</summary>
    internal long CreatedAt { get; set; }

    private QueueReader? Live => Reader is { IsDropped: false } live ? live : null;

    /// <inheritdoc/>
    public bool TakesInPipelines => false;

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
    {
        lock (_gate)
        {
            return _queue.TakeAsync(this, session, mode, wait);
        }
    }

    /// <inheritdoc/>
    public void CancelWait(SessionId session)
    {
        lock (_gate)
        {
            _queue.CancelParked(session, this);
            Live?.CancelWait(session);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            return new(_queue.IsGone ? default : Live?.Close(session, sequence) ?? default);
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_queue.IsGone)
            {
                Live?.Abort(session, sequence);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_queue.IsGone)
            {
                Live?.Fail(session, sequence);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
    {
        lock (_gate)
        {
            return new(!_queue.IsGone && Live?.TryTouch(session, sequence, lease) == true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync()
    {
        lock (_gate)
        {
            _queue.ThrowIfHeldStill();
            _queue.ThrowIfDamaged();
            return new(_queue.IsGone ? default : Live?.Rewind() ?? default);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> DropAsync()
    {
        lock (_gate)
        {
            return new(_queue.DropCursor(this));
        }
    }

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor) => _queue.OpenCursor(cursor);
}
