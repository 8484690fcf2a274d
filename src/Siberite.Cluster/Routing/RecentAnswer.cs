namespace Siberite.Cluster;

/// <summary>What was found out a moment ago, told again to whoever asks the same meanwhile.</summary>
/// <param name="time">The clock.</param>
/// <param name="lifetime">How long an answer is told again; zero to ask each time.</param>
/// <remarks>While an answer is on its way, all who ask wait for that one: however slow it is to come, there are never
/// two. One that failed is told to those who waited for it and to nobody else.</remarks>
internal sealed class RecentAnswer<T>(TimeProvider time, TimeSpan lifetime)
{
    private readonly Lock _gate = new();
    private Task<T>? _last;
    private long _askedAt; // By the clock's own ticks.

    /// <param name="ask">Finds out. Called on the caller's thread, if at all.</param>
    public Task<T> ReadAsync(Func<Task<T>> ask)
    {
        if (lifetime == TimeSpan.Zero)
        {
            return ask();
        }

        lock (_gate)
        {
            var isFresh = _last is { IsCompleted: false }
                || (_last is { IsCompletedSuccessfully: true } && time.GetElapsedTime(_askedAt) < lifetime);
            if (!isFresh)
            {
                _askedAt = time.GetTimestamp();
                _last = ask();
            }

            return _last!;
        }
    }
}
