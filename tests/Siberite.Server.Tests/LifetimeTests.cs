using System.Diagnostics;
using System.Globalization;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>A real server from its start to its stop.</summary>
public sealed class LifetimeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_start_tells_what_is_served_and_promised()
    {
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(directory["data"]);
        await UntilPrintedAsync(server, "Pages on");

        Assert.Contains(
            $"Siberite 1.0.0 serves memcache on {server.EndPoint}.", server.Output, StringComparison.Ordinal);
        Assert.Contains($"Data in {directory["data"]} (store ", server.Output, StringComparison.Ordinal);
        Assert.Contains(": 0 queues, 0 items.", server.Output, StringComparison.Ordinal);
        Assert.Contains($"Pages on http://{server.AdminEndPoint}/", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("WARN", server.Output, StringComparison.Ordinal);
        Assert.All(
            server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z info  \w+: .+\.\s*$", line));
    }

    [Theory]
    [InlineData("always", "Durability Always: STORED means the item is on disk and survives a power cut.")]
    [InlineData("interval", "a power cut may lose the last 100 ms.")]
    [InlineData("os", "a power cut may lose what the system had not yet written.")]
    public async Task The_start_says_what_stored_means(string policy, string expected)
    {
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(directory["data"], "-durability", policy);

        await UntilPrintedAsync(server, expected);
    }

    [Fact]
    public async Task Serving_other_machines_is_warned_of()
    {
        using var directory = new TemporaryDirectory();
        var port = ServerProcess.FreeEndPoint().Port.ToString(CultureInfo.InvariantCulture);
        await using var server = await ServerProcess.StartAsync(directory["data"], "-admin", $"*:{port}");

        await UntilPrintedAsync(server, $"WARN  Server: The admin address *:{port} is open to other machines");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_stops_it_cleanly_and_keeps_everything(string signal)
    {
        using var directory = new TemporaryDirectory();
        await using (var server = await ServerProcess.StartAsync(directory["data"], "-durability", "os"))
        {
            await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
            for (var i = 0; i < 100; i++)
            {
                Assert.Equal("STORED", await client.SetAsync("kept", flags: 7, new byte[i], Cancellation));
            }

            await SignalAsync(server, signal);
            Assert.Equal(ExitCodes.Stopped, await server.WaitForExitAsync());
            Assert.Contains("Server: Stopped.", server.Output, StringComparison.Ordinal);
        }

        await using var again = await ServerProcess.StartAsync(directory["data"]);
        await UntilPrintedAsync(again, ": 1 queue, 100 items.");
        await using var reader = await WireClient.ConnectAsync(again.EndPoint, Cancellation);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(i, (await reader.GetAsync("kept", Cancellation)).Item!.Payload.Length);
        }
    }

    [Fact]
    public async Task A_stop_answers_waiting_clients_and_takes_few_seconds()
    {
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(directory["data"]);
        await using var waiting = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        waiting.Write("get nothing/t=600000");
        await waiting.SendAsync(Cancellation);
        await using var halfway = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        halfway.Write("set half 0 0 1000");
        await halfway.SendAsync(Cancellation);
        using var admin = new AdminClient(server);
        await Poll.UntilAsync(
            async () => (await admin.GetQueuesAsync()).GetProperty("totals").GetProperty("waiters").GetInt32() == 1,
            "the wait is seen", Poll.Patience);

        var watch = Stopwatch.StartNew();
        var exit = server.StopAsync();

        Assert.Equal("END", (await waiting.ReadItemAsync(Cancellation)).Line);
        Assert.Equal(ExitCodes.Stopped, await exit);
        Assert.True(watch.Elapsed < Poll.Patience, $"the stop took {watch.Elapsed}");
    }

    [Fact]
    public async Task The_pid_file_is_there_while_it_serves()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["pid"], "12345 left by a crash\n", Cancellation);
        await using var server = await ServerProcess.StartAsync(directory["data"], "-pid", directory["pid"]);

        await Poll.UntilAsync(
            async () => await File.ReadAllTextAsync(directory["pid"], Cancellation) == $"{server.Id}\n",
            "the process id is in the file", Poll.Patience);
        await server.StopAsync();

        Assert.False(File.Exists(directory["pid"]));
    }

    [Fact]
    public async Task Two_servers_run_side_by_side()
    {
        using var directory = new TemporaryDirectory();
        await using var one = await ServerProcess.StartAsync(directory["one"]);
        await using var two = await ServerProcess.StartAsync(directory["two"]);
        await using var toOne = await WireClient.ConnectAsync(one.EndPoint, Cancellation);
        await using var toTwo = await WireClient.ConnectAsync(two.EndPoint, Cancellation);

        Assert.Equal("STORED", await toOne.SetAsync("q", flags: 0, "x"u8.ToArray(), Cancellation));

        Assert.Equal("END", (await toTwo.GetAsync("q", Cancellation)).Line);
        Assert.NotNull((await toOne.GetAsync("q", Cancellation)).Item);
    }

    private static Task UntilPrintedAsync(ServerProcess server, string text)
        => Poll.UntilAsync(
            () => Task.FromResult(server.Output.Contains(text, StringComparison.Ordinal)), $"it prints '{text}'",
            Poll.Patience);

    private static async Task SignalAsync(ServerProcess server, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{server.Id}"]);
        await kill.WaitForExitAsync(Cancellation);
    }
}
