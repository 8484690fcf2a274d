using System.Diagnostics;
using System.Runtime.InteropServices;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>A disk that takes no more writes.</summary>
public sealed partial class FailedStoreTests
{
    private const int FileSizeSignal = 25; // SIGXFSZ of Linux.
    private const nint Ignore = 1; // SIG_IGN.

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>
    /// Goal: a failed write is final, seen by the operator, and ends the process with its own code.
    /// Method: a limit on file sizes, inherited, makes the log fail to grow as a broken disk would.
    /// </remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_store_acknowledges_nothing_and_turns_health_red(bool exits)
    {
        _ = SetSignal(FileSizeSignal, Ignore); // Inherited by the server.
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(
            directory["data"], "--Siberite:Storage:ReserveBytes=0", $"--Siberite:Storage:ExitOnFailure={exits}");
        await LimitFilesAsync(server, bytes: 1 << 20);
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);

        var reply = "STORED";
        for (var i = 0; i < 100 && reply == "STORED"; i++)
        {
            reply = await client.SetAsync("q", flags: 0, new byte[100_000], Cancellation);
        }

        Assert.StartsWith("SERVER_ERROR", reply, StringComparison.Ordinal);
        if (exits)
        {
            Assert.Equal(ExitCodes.StoreFailed, await server.WaitForExitAsync());
        }
        else
        {
            using var admin = new AdminClient(server);
            using var health = await admin.GetAsync("healthz");
            Assert.Equal(503, (int)health.StatusCode);
            Assert.Contains("store failed", await admin.GetTextAsync("healthz"), StringComparison.Ordinal);
            Assert.Contains("store failed", await admin.GetTextAsync("readyz"), StringComparison.Ordinal);
            var metrics = await admin.GetTextAsync("metrics");
            Assert.Matches("\nsiberite_store_failed{silo=\"[^\"]+\"} 1\n", metrics);
            Assert.Contains("not healthy", await admin.GetTextAsync(""), StringComparison.Ordinal);
        }

        Assert.Contains("FATAL", server.Output, StringComparison.Ordinal);
    }

    private static async Task LimitFilesAsync(ServerProcess server, long bytes)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{server.Id}", $"--fsize={bytes}"]);
        await limit.WaitForExitAsync(Cancellation);
        Assert.Equal(0, limit.ExitCode);
    }

    /// <summary>A file at its limit should be an error of the write, and not a signal that kills.</summary>
    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignal(int signal, nint handler);
}
