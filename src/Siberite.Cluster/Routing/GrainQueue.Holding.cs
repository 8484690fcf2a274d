using Siberite.Contracts;

namespace Siberite.Cluster;

// Commands that find the queue on its way to another silo, or its home away because it has another one by now.
internal sealed partial class GrainQueue
{
    /// <summary>Pause before commands are sent again to a queue that stands still for a move. 20 ms: it stands still
    /// for some tens of them.</summary>
    internal static readonly TimeSpan HeldDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>What is known of the home: see <see cref="HomeStanding"/>.</summary>
    private int _standing;

    /// <summary>The queue directory has just named this home.</summary>
    public void ConfirmHome() => Volatile.Write(ref _standing, (int)HomeStanding.Named);

    /// <summary>The home has answered.</summary>
    private void ProveHome()
    {
        if (Volatile.Read(ref _standing) == (int)HomeStanding.Named)
        {
            Interlocked.CompareExchange(ref _standing, (int)HomeStanding.Proven, (int)HomeStanding.Named);
        }
    }

    /// <summary>Whether a home that is away is to be asked for in the directory before a client hears of it: once,
    /// until it has been named and has answered again. A home that was named just now is away, and that is
    /// that.</summary>
    private bool TryDoubtHome()
        => Interlocked.CompareExchange(ref _standing, (int)HomeStanding.Unknown, (int)HomeStanding.Proven)
            == (int)HomeStanding.Proven;

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

    private enum HomeStanding
    {
        /// <summary>Not named by the directory: a shard, or a home that was in doubt already.</summary>
        Unknown = 0,

        /// <summary>Named by the directory, and not heard of since.</summary>
        Named = 1,

        /// <summary>It has served this gateway since it was named.</summary>
        Proven = 2,
    }
}
