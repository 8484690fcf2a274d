using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Taking with and without a wait. A wait is a chain of short calls, outside the stream of commands: it would hold them.
internal sealed partial class GrainQueue
{
    private readonly ConcurrentDictionary<(SessionId Session, CursorName? Cursor), Wait> _waits = new();

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
        => TakeAsync(session, mode, wait, cursor: null);

    /// <inheritdoc/>
    public void CancelWait(SessionId session) => CancelWait(session, cursor: null);

    /// <summary>The same for a cursor.</summary>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait, CursorName? cursor)
    {
        // Enqueued before the first await: a session's commands take effect in its order.
        var waiting = wait > TimeSpan.Zero
            ? _waits[(session, cursor)] = new Wait(_parts.Time.GetTimestamp(), wait, cursor)
            : null;
        var first = Enqueue(
            Command(QueueCommandKind.Take, session, sequence: 0) with { Mode = mode, Cursor = cursor });
        return waiting is null ? first.AsTake() : TakeAsync(first, session, mode, waiting);
    }

    /// <summary>The same for a cursor.</summary>
    public void CancelWait(SessionId session, CursorName? cursor)
    {
        if (!_waits.TryGetValue((session, cursor), out var wait))
        {
            return;
        }

        lock (wait)
        {
            wait.IsCancelled = true;
            if (wait.HasCalled)
            {
                _ = CancelAtHomeAsync(session, cursor);
            }
        }
    }

    private async ValueTask<TakeResult> TakeAsync(RemoteCommand first, SessionId session, TakeMode mode, Wait wait)
    {
        try
        {
            var found = await first.AsOutcome();
            NoteOpened(first.Command, found, first.Run);

            // A queue that is not there can be waited for: the wait goes where its first item will come.
            return found.Take == TakeStatus.Taken || first.HasStaleHome
                ? new TakeResult(found.Take, found.Item, default)
                : await WaitAsync(session, mode, wait, mustCall: found.Take == TakeStatus.Gone);
        }
        finally
        {
            _waits.TryRemove(new((session, wait.Cursor), wait));
        }
    }

    /// <param name="session">Whose wait it is.</param>
    /// <param name="mode">How it takes.</param>
    /// <param name="wait">The wait.</param>
    /// <param name="mustCall">Whether the home is asked even if the time is over: a queue that has moved meanwhile is
    /// not empty.</param>
    private async Task<TakeResult> WaitAsync(SessionId session, TakeMode mode, Wait wait, bool mustCall)
    {
        for (; ; mustCall = false)
        {
            var left = wait.Length - _parts.Time.GetElapsedTime(wait.StartedAt);
            ValueTask<QueueOutcome?> slice;
            lock (wait)
            {
                if ((wait.IsCancelled || left <= TimeSpan.Zero) && !mustCall)
                {
                    break;
                }

                wait.HasCalled = true; // Sent within the lock, so that a cancellation is sent after it.
                left = left > TimeSpan.Zero && !wait.IsCancelled ? left : TimeSpan.Zero;
                slice = wait.Cursor is null
                    ? _grain.WaitAsync(_parts.Gateway, session, mode, left)
                    : _grain.WaitAtCursorAsync(_parts.Gateway, session, mode, left, wait.Cursor);
            }

            if (await FinishSliceAsync(slice, session, wait.Cursor) is { } end)
            {
                if (end.Take == TakeStatus.Gone)
                {
                    _parts.OnGone(this); // It was deleted, or has moved: the wait goes on elsewhere.
                }

                NoteOpened(
                    Command(QueueCommandKind.Take, session, sequence: 0) with { Mode = mode, Cursor = wait.Cursor },
                    end, end.Run);
                return new TakeResult(end.Take, end.Item, default);
            }
        }

        if (wait.HasCalled)
        {
            // The engine ends the wait at its own time; this is for the moment between.
            await CancelAtHomeAsync(session, wait.Cursor);
        }

        return default;
    }

    private async Task<QueueOutcome?> FinishSliceAsync(
        ValueTask<QueueOutcome?> slice, SessionId session, CursorName? cursor)
    {
        try
        {
            return await slice;
        }
        catch (Exception e) when (GrainCallFailure.From(e, Name) is { } failure)
        {
            LogCallFailed(_parts.Log, e, Name.Value, 1);
            if (failure.IsUnknown)
            {
                _ = Enqueue(Command(QueueCommandKind.Recall, session, sequence: 0) with { Cursor = cursor });
            }
            else if (failure.Refusal.Error == SiberiteError.QueueUnavailable && TryDoubtHome())
            {
                return new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null);
            }

            throw failure.IsUnknown ? Unanswered() : Named(failure.Refusal);
        }
    }

    private async Task CancelAtHomeAsync(SessionId session, CursorName? cursor)
    {
        try
        {
            await (cursor is null
                ? _grain.CancelWaitAsync(session)
                : _grain.CancelCursorWaitAsync(session, cursor));
        }
        catch (Exception e) when (GrainCallFailure.From(e, Name) is not null)
        {
            LogCallFailed(_parts.Log, e, Name.Value, 1); // A wait that is not renewed ends by itself.
        }
    }

    private sealed class Wait(long startedAt, TimeSpan length, CursorName? cursor)
    {
        public CursorName? Cursor => cursor;

        public long StartedAt => startedAt;

        public TimeSpan Length => length;

        public bool IsCancelled { get; set; }

        public bool HasCalled { get; set; }
    }
}
