using Siberite.Contracts;

namespace Siberite.Cluster;

// Appends and takes that come back because the queue is not there any more: their sessions look for it anew, and send
// them again. Until they have heard of it, a later command of theirs must not find the queue made again at the same
// home, and overtake. So whoever was told that the queue is gone takes no more of them, for good: the queue, should it
// be there again, gets a sender of its own, and sessions wait with that until what came back is where it belongs.
internal sealed partial class GrainQueue
{
    /// <summary>Whether it takes no more appends and takes. What must arrive it still sends.</summary>
    public bool IsRetired
    {
        get
        {
            lock (_gate)
            {
                return _isRetired;
            }
        }
    }

    private static bool IsSentAgain(RemoteCommand command)
        => command.Command.Kind is QueueCommandKind.Append or QueueCommandKind.Take;

    private static bool IsGone(in QueueOutcome outcome)
        => outcome.Append == AppendStatus.Gone || outcome.Take == TakeStatus.Gone;

    /// <summary>Called by the sender before anything else is sent.</summary>
    /// <returns>What waited to be sent, and is to be told the same.</returns>
    private RemoteCommand[] Retire()
    {
        if (IsShard)
        {
            return [];
        }

        RemoteCommand[] unsent;
        lock (_gate)
        {
            _isRetired = true;
            unsent = [.. _pending.Where(IsSentAgain)];
            _pending.RemoveAll(IsSentAgain);
        }

        _parts.OnGone(this);
        return unsent;
    }
}
