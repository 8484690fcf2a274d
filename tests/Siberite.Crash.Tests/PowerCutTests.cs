using Siberite.Crash.Tests.Faults;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests;

[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int Disks = 2;
    private const int CutsPerDisk = 15;
    private const int DiskMebibytes = 512;

    /// <remarks>
    /// Goal: what was answered STORED under the policy Always survives a power cut.
    /// Method: shut a real ext4 down without flushing it, under load; let the server die with it, or notice and exit
    /// with an error; mount again, start again; after fifteen cuts drain and check. What the server might acknowledge
    /// after a cut is missing in the end, so the rule of no loss judges that as well.
    /// </remarks>
    [Fact]
    public async Task A_power_cut_loses_nothing_that_was_acknowledged()
    {
        for (var disk = 0; disk < Disks * Seeds.Rounds; disk++)
        {
            // With most items in payload files, written with their batch or before it.
            string[] settings = disk % 2 == 0
                ? ["--Siberite:Storage:PackedItemBytes=100", "--Siberite:Storage:PackedBatchBytes=0"]
                : ["--Siberite:Storage:LargeItemBytes=100"];
            var verdict = await PlayAsync("always", CutsPerDisk, Seeds.Next(), settings);

            Assert.True(verdict.IsClean, verdict.ToString());
        }
    }

    /// <remarks>Control: if this shows no loss, the cuts cut nothing and the test above is blind.</remarks>
    [Fact]
    public async Task A_power_cut_is_seen_to_lose_what_was_only_handed_to_the_operating_system()
    {
        var verdict = await PlayAsync("os", cuts: 2, Seeds.Next());

        Assert.True(verdict.BrokenRules.Contains(Rule.NoLoss), "No loss without syncs: the cuts cut nothing.");
    }

    private async Task<Verdict> PlayAsync(string durability, int cuts, int seed, params string[] settings)
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var served = new ServedWorkload(
            disk.DataDirectory, ["-durability", durability, .. settings], PowerCutRun.Plan, seed);
        var run = new PowerCutRun(served, disk, seed);
        try
        {
            var verdict = await run.PlayAsync(cuts);
            output.WriteLine($"seed {seed}, {durability}: {cuts} cuts, {run.NoticedCuts} of them noticed by "
                + $"the server; {served.Summary}");
            return verdict;
        }
        catch
        {
            output.WriteLine($"{served.ServerOutput}\nagain: {Seeds.CommandFor(nameof(PowerCutTests), seed)}");
            throw;
        }
    }
}
