using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

// What sessions opened here, and in which run of the home. A home that starts anew has nothing open: it serves those
// items again. A close of one closes nothing, and must not be answered as if it did.
internal sealed partial class GrainQueue
{
    private readonly ConcurrentDictionary<OpenKey, long> _openedIn = new();

    /// <summary>Notes a take that opened an item.</summary>
    internal void NoteOpened(in QueueCommand take, in QueueOutcome outcome, long run)
    {
        if (take.Mode == TakeMode.Open && outcome.Take == TakeStatus.Taken && run != 0)
        {
            _openedIn[new OpenKey(take.Session, take.Cursor, outcome.Item.Sequence)] = run;
        }
    }

    /// <summary>Enqueues the end of an open read.</summary>
    internal RemoteCommand EndRead(QueueCommandKind kind, SessionId session, long sequence, CursorName? cursor)
    {
        _openedIn.TryRemove(new OpenKey(session, cursor, sequence), out var run);
        return Enqueue(new RemoteCommand(this, Command(kind, session, sequence) with { Cursor = cursor })
        {
            OpenedIn = run,
        });
    }

    /// <summary>Closes what a plain take took, together with what the session was sent just before.</summary>
    internal void CloseSent(SessionId session, long sequence, CursorName? cursor)
    {
        lock (_gate)
        {
            if (_pending.Count > 0 && _pending[^1].TryAdd(session, cursor, sequence))
            {
                return;
            }
        }

        var command = new RemoteCommand(
            this, Command(QueueCommandKind.CloseSent, session, sequence: 0) with { Cursor = cursor });
        command.TryAdd(session, cursor, sequence);
        Enqueue(command);
    }

    /// <summary>Whether it closes what a former run of the home had open. The command itself is new to this run: one
    /// that may have taken effect before is told to be unknown when it is made again.</summary>
    private static bool ClosesNothing(RemoteCommand command)
        => command.Command.Kind == QueueCommandKind.Close && command.OpenedIn != 0 && command.OpenedIn != command.Run;

    private SiberiteException ReadLost()
        => new(
            SiberiteError.ReadLost, $"The home of queue {Name} started anew: the item is served again.", inner: null);

    private readonly record struct OpenKey(SessionId Session, CursorName? Cursor, long Sequence);
}
