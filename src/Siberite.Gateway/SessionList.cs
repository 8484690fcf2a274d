using System.Collections.Concurrent;

namespace Siberite.Gateway;

/// <summary>The open sessions, and the clock that drops those past their deadline.</summary>
/// <remarks>Deadlines are counted in sweeps, one a second: a session sets its own without asking a clock.</remarks>
internal sealed class SessionList : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Session, bool> _sessions = new();
    private readonly ITimer _timer;
    private long _sweep;

    public SessionList(TimeProvider time)
        => _timer = time.CreateTimer(
            static state => ((SessionList)state!).Sweep(), this, SweepInterval, SweepInterval);

    public int Count => _sessions.Count;

    public void Add(Session session) => _sessions.TryAdd(session, value: true);

    public void Remove(Session session) => _sessions.TryRemove(session, out _);

    /// <summary>The sweep at which <paramref name="timeout"/> has surely passed; 0, for never, when it is
    /// zero.</summary>
    public long DeadlineIn(TimeSpan timeout)
        => timeout <= TimeSpan.Zero ? 0 : Volatile.Read(ref _sweep) + (long)Math.Ceiling(timeout / SweepInterval) + 1;

    /// <summary>Ends all waits for items as if their time had run out.</summary>
    public void EndWaits()
    {
        foreach (var (session, _) in _sessions)
        {
            session.EndWait();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        var now = Interlocked.Increment(ref _sweep);
        foreach (var (session, _) in _sessions)
        {
            if (session.Deadline is > 0 and var deadline && deadline <= now)
            {
                session.Expire();
            }
        }
    }
}
