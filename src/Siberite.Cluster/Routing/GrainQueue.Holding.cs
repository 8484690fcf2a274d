using Siberite.Contracts;

namespace Siberite.Cluster;

// Commands that find the queue on its way to another silo.
internal sealed partial class GrainQueue
{
    /// <summary>Pause before commands are sent again to a queue that stands still for a move. 20 ms: it stands still
    /// for some tens of them.</summary>
    internal static readonly TimeSpan HeldDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether the command is to be sent again, in its order, until the queue has arrived and is gone from
    /// there.</summary>
    private bool IsHeld(RemoteCommand command, in QueueOutcome outcome)
    {
        if (outcome.Error != SiberiteError.QueueMoving)
        {
            return false;
        }

        var since = command.HeldAt ??= _parts.Time.GetTimestamp();
        var isHeld = _parts.Time.GetElapsedTime(since) < QueueMover.Patience;
        _isHeld |= isHeld;
        return isHeld;
    }
}
