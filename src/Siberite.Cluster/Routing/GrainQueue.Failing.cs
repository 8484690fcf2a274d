using Siberite.Contracts;

namespace Siberite.Cluster;

// Calls that failed: who is told what, and what must arrive nevertheless.
internal sealed partial class GrainQueue
{
    /// <summary>Has what a call took given back.</summary>
    private RemoteCommand RecallOf(long call)
        => new(this, Command(QueueCommandKind.RecallCall, default, sequence: call));

    /// <returns>Whether commands that must arrive are pending again.</returns>
    private bool Fail(RemoteCommand[] commands, GrainCallFailure failure, long number)
    {
        var isAway = failure.IsUnknown || failure.Refusal.Error == SiberiteError.QueueUnavailable;
        var isRetried = isAway || failure.Refusal.Error == SiberiteError.QueueBusy;
        var mustArrive = commands.Where(command => isRetried && command.MustArrive).ToList();
        if (failure.IsUnknown && commands.Any(command => command.Command.Kind == QueueCommandKind.Take))
        {
            mustArrive.Insert(0, RecallOf(number));
        }

        mustArrive.RemoveAll(HasBeenTriedEnough);
        var unsent = PutFirst(mustArrive, dropsOthers: true);
        var refusal = Named(failure.Refusal);
        if (isAway)
        {
            _parts.OnGone(this); // It may have another home by now.
        }

        // Told at last: a session that hears of it takes again, and that take must stand behind the recall.
        var isRedirected = isAway && !failure.IsUnknown && TryDoubtHome();
        if (isRedirected)
        {
            unsent.AddRange(Retire());
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                Array.ForEach(commands, command => Tell(
                    command, isUndone: failure.IsUnknown && command.Command.Kind == QueueCommandKind.Take));
                unsent.ForEach(command => Tell(command, isUndone: failure.IsUnknown));
            },
            state: null);
        return mustArrive.Count > 0;

        void Tell(RemoteCommand command, bool isUndone)
        {
            if (isRedirected && IsSentAgain(command))
            {
                command.Redirect();
            }
            else
            {
                command.Fail(isUndone ? Unanswered() : refusal);
            }
        }
    }

    /// <summary>The refusal of a command that had no effect, or whose effect is being undone.</summary>
    private SiberiteException Unanswered()
        => Named(new SiberiteException(
            SiberiteError.QueueUnavailable, $"Queue {Name} is unavailable: its silo does not answer.", inner: null));

    private SiberiteException Named(SiberiteException refusal)
        => refusal is { Error: SiberiteError.QueueUnavailable, Silo: null }
            ? new SiberiteException(refusal.Error, refusal.Message, refusal.InnerException)
            {
                Silo = _parts.NameOf(Store),
            }
            : refusal;

    private bool HasBeenTriedEnough(RemoteCommand command)
    {
        var now = _parts.Time.GetTimestamp();
        command.FailedAt ??= now;
        if (_parts.Time.GetElapsedTime(command.FailedAt.Value, now) < RetryTimeout)
        {
            return false;
        }

        LogGaveUp(_parts.Log, Name.Value, command.Command.Session.Number);
        return true;
    }
}
