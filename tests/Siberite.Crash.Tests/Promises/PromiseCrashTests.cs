using Siberite.Crash.Tests.Faults;

namespace Siberite.Crash.Tests.Promises;

[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class PromiseCrashTests(ITestOutputHelper output)
{
    private const int Kills = 6;

    /// <remarks>
    /// Goal: cursors, fanout, aliases, delays, ids, leases, retries, dead letters, expiry, limits and queues in memory
    /// keep their promises across SIGKILL: each is one batch, so a crash leaves all of it or nothing.
    /// Method: clients set into queues of every kind, read them in every way and leave items open; the server is killed
    /// within milliseconds of that, again and again; then everything is read and compared with what was told.
    /// </remarks>
    [Fact]
    public async Task A_killed_server_keeps_what_it_promises_beside_set_and_get()
    {
        var seed = Seeds.Next();
        var data = Directory.CreateTempSubdirectory("siberite-promises-").FullName;
        var run = new PromiseRun(data, seed);
        output.WriteLine($"data in {data}; again: {Seeds.CommandFor(
            nameof(A_killed_server_keeps_what_it_promises_beside_set_and_get), seed)}");

        await run.PlayAsync(Kills * Seeds.Rounds, TestContext.Current.CancellationToken);

        var (sets, reads) = (run.Notes.Sets, run.Notes.Reads);
        output.WriteLine($"{run.CutLives} lives were cut short; "
            + string.Join(", ", sets.CountBy(set => set.End).Select(pair => $"{pair.Key} {pair.Value}"))
            + "; read: "
            + string.Join(", ", reads.CountBy(read => read.Reader).Select(pair => $"{pair.Key} {pair.Value}")));
        Assert.Empty(run.Notes.Check());
        Assert.All(
            (string[])["brief_late", "toxic_errors", "flaky_errors", "leased", "batch", "brisk", "right", "fan+copy"],
            reader => Assert.Contains(reads, read => read.Reader == reader));
        Directory.Delete(data, recursive: true);
    }
}
