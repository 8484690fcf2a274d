using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Cursors of the queue: their commands go with its own, in their order.
internal sealed partial class GrainQueue
{
    private readonly ConcurrentDictionary<CursorName, GrainCursor> _cursors = new(); // Those asked for here.

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor)
        => _cursors.GetOrAdd(cursor, static (name, queue) => new GrainCursor(queue, name), this);

    /// <summary>Enqueues a command for a cursor.</summary>
    public Task SendAsync(QueueCommandKind kind, SessionId session, long sequence, CursorName cursor)
        => Enqueue(Command(kind, session, sequence) with { Cursor = cursor }).Task;

    /// <summary>Extends the lease of an open read of a cursor, or of the queue itself.</summary>
    public async ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease, CursorName? cursor)
    {
        var touch = Command(QueueCommandKind.Touch, session, sequence) with { Lease = lease, Cursor = cursor };
        return (await Enqueue(touch).Task).IsOpen;
    }
}
