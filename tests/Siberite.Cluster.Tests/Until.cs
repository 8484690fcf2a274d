namespace Siberite.Cluster.Tests;

/// <summary>Waits for what other threads bring about.</summary>
internal static class Until
{
    /// <summary>How long a test waits for something that should happen at once.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public static Task HoldsAsync(Func<bool> condition, string otherwise)
        => HoldsAsync(() => Task.FromResult(condition()), otherwise);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string otherwise)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException(otherwise);
            }

            await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
