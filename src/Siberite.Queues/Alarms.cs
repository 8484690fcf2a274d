namespace Siberite.Queues;

/// <summary>Wakes what has something to do at a given moment. One timer for the whole silo, whatever the number of
/// queues; an alarm that is not set costs nothing.</summary>
/// <remarks>Thread-safe; its lock is taken last of all. Moments are those of the wall clock, which may jump: it is
/// looked at every <see cref="LongestLook"/>.</remarks>
internal sealed class Alarms : IDisposable
{
    /// <summary>Useless places in line that are no matter. 1,000: some tens of kilobytes.</summary>
    private const int MaxStaleCount = 1_000;

    /// <summary>30 s: a clock that is set forward delays nothing for longer.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly IBackground _background;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<Alarm, long> _line = new();
    private readonly ITimer _timer;
    private long _timerAt = long.MaxValue; // What the timer is set for.
    private int _staleCount; // Places that may mean nothing any more.

    public Alarms(TimeProvider time, IBackground background)
    {
        _time = time;
        _background = background;
        _timer = time.CreateTimer(
            static state => ((Alarms)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Places in line, those that mean nothing any more included.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _line.Count;
            }
        }
    }

    /// <summary>Has <paramref name="alarm"/> ring once at <paramref name="at"/>, in Unix milliseconds, instead of when
    /// it was set for before; <see cref="long.MaxValue"/> for not at all.</summary>
    public void Set(Alarm alarm, long at)
    {
        lock (_gate)
        {
            alarm.At = at;
            _staleCount += at != alarm.PlacedAt && alarm.PlacedAt != long.MaxValue ? 1 : 0;
            if (at < alarm.PlacedAt)
            {
                alarm.PlacedAt = at;
                _line.Enqueue(alarm, at);
                SetTimer();
            }

            if (_staleCount > MaxStaleCount && _staleCount > _line.Count / 2)
            {
                Clean();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            _timerAt = long.MaxValue;
            while (_line.TryPeek(out var alarm, out var placedAt) && placedAt <= now)
            {
                _line.Dequeue();
                if (placedAt != alarm.PlacedAt)
                {
                    continue; // It was set for an earlier moment after this place was taken.
                }

                alarm.PlacedAt = long.MaxValue;
                if (alarm.At <= now)
                {
                    alarm.At = long.MaxValue;
                    _background.Run(alarm);
                }
                else if (alarm.At != long.MaxValue)
                {
                    alarm.PlacedAt = alarm.At;
                    _line.Enqueue(alarm, alarm.At);
                }
            }

            SetTimer();
        }
    }

    /// <summary>Lines up anew those that are set. They alone are then kept in memory.</summary>
    private void Clean()
    {
        var alarms = _line.UnorderedItems.Select(place => place.Element).Distinct().ToArray();
        _line.Clear();
        _staleCount = 0;
        foreach (var alarm in alarms)
        {
            alarm.PlacedAt = alarm.At;
            if (alarm.At != long.MaxValue)
            {
                _line.Enqueue(alarm, alarm.At);
            }
        }
    }

    private void SetTimer()
    {
        if (_line.TryPeek(out _, out var at) && at < _timerAt)
        {
            _timerAt = at;
            var left = at - _time.GetUtcNow().ToUnixTimeMilliseconds();
            var wait = TimeSpan.FromMilliseconds(Math.Clamp(left, 0, (long)LongestLook.TotalMilliseconds));
            if (left > (long)LongestLook.TotalMilliseconds)
            {
                _timerAt = at - left + (long)LongestLook.TotalMilliseconds;
            }

            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }
}

/// <summary>Something that is to be done at a given moment, in the background.</summary>
internal abstract class Alarm : IThreadPoolWorkItem
{
    /// <summary>When it rings, in Unix milliseconds; never, if <see cref="long.MaxValue"/>.</summary>
    internal long At { get; set; } = long.MaxValue;

    /// <summary>Where it stands in line. It may stand earlier than it rings, never later.</summary>
    internal long PlacedAt { get; set; } = long.MaxValue;

    /// <inheritdoc/>
    public abstract void Execute();
}
