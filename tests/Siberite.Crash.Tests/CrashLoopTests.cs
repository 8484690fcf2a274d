using Siberite.Crash.Tests.Faults;

namespace Siberite.Crash.Tests;

[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class CrashLoopTests(ITestOutputHelper output)
{
    private const int KillsPerDirectory = 20;

    /// <summary>Has most items in payload files.</summary>
    private const string LargePayloads = "--Siberite:Storage:LargeItemBytes=100";

    /// <summary>Have most items written with their batch, but not into the database.</summary>
    private const string PackedPayloads = "--Siberite:Storage:PackedItemBytes=100";

    private const string AlwaysPacked = "--Siberite:Storage:PackedBatchBytes=0";

    /// <remarks>
    /// Goal: SIGKILL at any moment, recovery included, breaks no promise, whatever the policy: the operating system
    /// keeps what it was handed.
    /// Method: kill a real server at random under load, start it again on the same directory, and after twenty kills
    /// drain everything and check the whole history.
    /// </remarks>
    [Theory]
    [InlineData("always", 1, PackedPayloads, AlwaysPacked)]
    [InlineData("always", 1, LargePayloads)]
    [InlineData("os", 1, PackedPayloads, AlwaysPacked)]
    public async Task A_server_that_is_killed_again_and_again_keeps_every_promise(
        string durability, int directories, params string[] settings)
    {
        for (var directory = 0; directory < directories * Seeds.Rounds; directory++)
        {
            var seed = Seeds.Next();
            var data = Directory.CreateTempSubdirectory("siberite-crash-").FullName;
            await using var served = new ServedWorkload(
                data, ["-durability", durability, .. settings], CrashRun.Plan, seed);
            var run = new CrashRun(served, seed);
            try
            {
                var verdict = await run.PlayAsync(KillsPerDirectory);
                output.WriteLine(
                    $"seed {seed}, {durability}: {KillsPerDirectory} kills, {run.RecoveryKills} of them in "
                    + $"recovery; {served.Summary}");
                Assert.True(verdict.IsClean, verdict.ToString());
                Directory.Delete(data, recursive: true);
            }
            catch
            {
                output.WriteLine($"data kept in {data}\n{served.ServerOutput}\nagain: {Seeds.CommandFor(
                    nameof(A_server_that_is_killed_again_and_again_keeps_every_promise), seed)}");
                throw;
            }
        }
    }
}
