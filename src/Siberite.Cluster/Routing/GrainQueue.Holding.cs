using Siberite.Contracts;

namespace Siberite.Cluster;

// Commands that find the queue on its way to another silo.
internal sealed partial class GrainQueue
{
    /// <summary>Pause before commands are sent again to a queue that stands still for a move. 20 ms: it stands still
    /// for some tens of them.</summary>
    internal static readonly TimeSpan HeldDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>Commands that are to be sent again, in their order, until the queue has arrived and is gone from
    /// there.</summary>
    private List<RemoteCommand> HeldOf(RemoteCommand[] call, QueueOutcome[] outcomes)
    {
        var held = new List<RemoteCommand>();
        for (var i = 0; i < call.Length; i++)
        {
            if (outcomes[i].Error == SiberiteError.QueueMoving)
            {
                var since = call[i].HeldAt ??= _parts.Time.GetTimestamp();
                if (_parts.Time.GetElapsedTime(since) < QueueMover.Patience)
                {
                    held.Add(call[i]);
                }
            }
        }

        return held;
    }
}
