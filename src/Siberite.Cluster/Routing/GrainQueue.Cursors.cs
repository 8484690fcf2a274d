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
    public RemoteCommand Send(
        QueueCommandKind kind, SessionId session, long sequence, CursorName cursor, TimeSpan lease = default)
        => Enqueue(Command(kind, session, sequence) with { Cursor = cursor, Lease = lease });
}
