namespace Siberite.Benchmarks.Local;

/// <summary>The system's clock without its timers, so that nothing is done on another thread.</summary>
/// <remarks>An engine's timers only tidy up: what they would write, the next commit writes as well.</remarks>
internal sealed class StillTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => new StillTimer();

    private sealed class StillTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
