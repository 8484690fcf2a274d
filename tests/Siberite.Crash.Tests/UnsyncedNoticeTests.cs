using Siberite.Crash.Tests.Faults;
using Siberite.Testing;

namespace Siberite.Crash.Tests;

/// <remarks>
/// A control run once waited in vain for a server without syncs to see that its disk was gone. Nobody had written: the
/// producers of the workload paused for good, as they took the items that the cut before had destroyed for unread ones.
/// </remarks>
[Collection(nameof(RealServers)), Trait("Category", "Slow")]
public sealed class UnsyncedNoticeTests
{
    private const int DiskMebibytes = 512;
    private const int StoreFailed = 3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>Goal: whatever is written first after a power cut fails, is answered with an error where it is
    /// answered, and ends the server. A plain get is written, too, and answered before.</remarks>
    [Theory]
    [InlineData("os", "set one 0 0 1\r\nx", "SERVER_ERROR storage failed")]
    [InlineData("os", "get two/close", "SERVER_ERROR storage failed")]
    [InlineData("os", "delete one", "SERVER_ERROR storage failed")]
    [InlineData("os", "get one", "VALUE one 0 1")]
    [InlineData("interval", "set one 0 0 1\r\nx", "SERVER_ERROR storage failed")]
    [InlineData("always", "get two/close", "SERVER_ERROR storage failed")]
    public async Task The_first_write_after_a_power_cut_ends_the_server(string durability, string command, string reply)
    {
        await using var disk = await LoopDisk.CreateOrSkipAsync(DiskMebibytes);
        await using var server = await ServerProcess.StartAsync(disk.DataDirectory, "-durability", durability);
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        foreach (var queue in new[] { "one", "two" })
        {
            Assert.Equal("STORED", await client.SetAsync(queue, flags: 0, "x"u8.ToArray(), Cancellation));
        }

        Assert.NotNull((await client.GetAsync("two/open", Cancellation)).Item);
        disk.CutPower();

        Assert.Equal(reply, await client.AskAsync(command, Cancellation));
        Assert.Equal(StoreFailed, await server.WaitForExitAsync());
        Assert.Contains("FATAL", server.Output, StringComparison.Ordinal);
    }
}
