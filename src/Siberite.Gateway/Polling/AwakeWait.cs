namespace Siberite.Gateway;

/// <summary>Whether a poll thread waits awake for the next request of a client that has it to itself.</summary>
/// <remarks>
/// A client that asks, reads the answer and asks again leaves the thread nothing to do for some microseconds. To sleep
/// and be woken costs both of them more than that where a core is free, and a wait awake costs the client its core
/// where none is. So both are tried in turn, and what brought the next request sooner of late is what is done. With
/// several clients there is work of others to wait for: then the thread always sleeps.
/// </remarks>
internal sealed class AwakeWait(TimeProvider time, int coreCount)
{
    /// <summary>How long a wait stays awake. 20 µs: a client on this machine asks again within 10, one at the other end
    /// of a network is better waited for asleep.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMicroseconds(20);

    /// <summary>Rounds that one connection must have had to itself.</summary>
    public const int LeastRounds = 32;

    /// <summary>Of so many waits one tries what is not preferred: seldom enough to cost nothing.</summary>
    public const int TryEvery = 32;

    /// <summary>What a wait counts at most: a client that pauses says nothing about either way.</summary>
    private static readonly TimeSpan Longest = 10 * Limit;

    private long _lone;
    private int _rounds;
    private int _waits;
    private bool _isCounted;
    private bool _isAwake;
    private long _beganAt;
    private double _awake = Longest.TotalMicroseconds; // Means of late, an eighth of each is the newest.
    private double _asleep = Longest.TotalMicroseconds;

    /// <summary>A wait begins.</summary>
    /// <returns>Whether to stay awake for a while first.</returns>
    public bool Begin()
    {
        _isCounted = _rounds >= LeastRounds && coreCount > 1;
        if (!_isCounted)
        {
            return false;
        }

        _beganAt = time.GetTimestamp();
        _isAwake = (_awake < _asleep) ^ (++_waits % TryEvery == 0);
        return _isAwake;
    }

    /// <summary>Whether the wait has been awake for long enough.</summary>
    public bool IsLate => time.GetElapsedTime(_beganAt) >= Limit;

    /// <summary>The wait is over.</summary>
    /// <param name="key">The connection that alone has events; 0 if none has, or several have.</param>
    public void End(long key)
    {
        _rounds = key == 0 || key != _lone ? 0 : Math.Min(_rounds + 1, LeastRounds);
        _lone = key;
        if (_isCounted)
        {
            ref var mean = ref _isAwake ? ref _awake : ref _asleep;
            var wait = Math.Min(time.GetElapsedTime(_beganAt).TotalMicroseconds, Longest.TotalMicroseconds);
            mean += (wait - mean) / 8;
        }
    }
}
