using System.Diagnostics;

namespace Siberite.Testing;

/// <summary>Waits for what cannot be awaited: the state of another process.</summary>
public static class Poll
{
    /// <summary>How long a test waits for something that should happen at once.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when <paramref name="condition"/> holds; throws, saying
    /// <paramref name="what"/> did not happen, after <paramref name="patience"/>.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > patience)
            {
                throw new TimeoutException($"Waited {patience.TotalSeconds:0} s in vain: {what}");
            }

            await Task.Delay(Interval);
        }
    }
}
