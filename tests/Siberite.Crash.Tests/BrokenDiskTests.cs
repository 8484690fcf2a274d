using System.Net;
using Siberite.Crash.Tests.Faults;
using Siberite.Testing;
using Siberite.Testing.Histories;

namespace Siberite.Crash.Tests;

/// <remarks>A file system that finds an error goes read-only, and every write and sync fails with EROFS: an error that
/// .NET's own flush to disk takes for success.</remarks>
[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class BrokenDiskTests(ITestOutputHelper output)
{
    private const int DiskMebibytes = 512;
    private const int OperationsBefore = 2_000;

    [Fact]
    public async Task A_server_whose_disk_breaks_acknowledges_nothing_more_and_exits_with_an_error()
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var served = Serve(disk);
        var broken = await BreakAsync(disk, served);

        Assert.NotEqual(0, await served.Server.WaitForExitAsync());

        await RecoverAsync(disk, served, broken);
    }

    [Fact]
    public async Task A_server_told_to_stay_answers_errors_and_is_unhealthy()
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var served = Serve(disk, "--Siberite:Storage:ExitOnFailure=false");
        var broken = await BreakAsync(disk, served);

        await using (var client = await WireClient.ConnectAsync(
            served.Server.EndPoint, TestContext.Current.CancellationToken))
        {
            await Poll.UntilAsync(() => IsUnhealthyAsync(served.Server), "/healthz turns red", Poll.Patience);
            var reply = await client.SetAsync("one", 0, "x"u8.ToArray(), TestContext.Current.CancellationToken);
            Assert.StartsWith("SERVER_ERROR ", reply, StringComparison.Ordinal);
            Assert.StartsWith(
                "VERSION ", await client.AskAsync("version", TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
        }

        served.Shut();
        await served.Server.KillAsync();
        await RecoverAsync(disk, served, broken);
    }

    private static ServedWorkload Serve(LoopDisk disk, params string[] arguments)
        => new(disk.DataDirectory, arguments, PowerCutRun.Plan, Seeds.Next());

    /// <returns>The fault, and when it was there for certain.</returns>
    private static async Task<(Testing.Histories.Crash Crash, long Since)> BreakAsync(
        LoopDisk disk, ServedWorkload served)
    {
        await served.ServeAsync();
        served.Run.Start();
        await served.Ledger.WhenReachedAsync(OperationsBefore);
        var crash = served.Ledger.BeginCrash(CrashKind.PowerCut);
        await disk.BreakAsync();
        return (crash, served.Ledger.Mark());
    }

    private async Task RecoverAsync(
        LoopDisk disk, ServedWorkload served, (Testing.Histories.Crash Crash, long Since) broken)
    {
        served.Shut();
        await served.EndAsync(broken.Crash);
        await disk.RemountAsync();
        await served.ServeAsync();
        var verdict = await served.FinishAsync();
        output.WriteLine(served.Summary);
        Assert.True(verdict.IsClean, verdict.ToString());
        Assert.DoesNotContain(
            served.Ledger.Close(isDrained: true).Operations,
            o => o is { Act: Act.Set, Outcome: Outcome.Ok, Session.Life: 0 } && o.Invoke > broken.Since);
    }

    private static async Task<bool> IsUnhealthyAsync(ServerProcess server)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"http://{server.AdminEndPoint}/healthz"));
        return response.StatusCode == HttpStatusCode.ServiceUnavailable;
    }
}
