using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>How connections end: the client's way, the server's way, and before they began.</summary>
public sealed class FarewellTests(Servers servers)
{
    private static readonly CancellationToken Never = CancellationToken.None;

    /// <remarks>Method: a set is cut after each of its bytes in turn; only the whole one may leave an item.</remarks>
    [Fact]
    public async Task A_set_that_is_cut_anywhere_stores_nothing()
    {
        var set = "set cut 5 0 5\r\nhello\r\n"u8.ToArray();
        using var lease = await servers.RentAsync([], alone: false);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);
        for (var count = 0; count <= set.Length; count++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(lease.EndPoint, Never);
            await socket.SendAsync(set.AsMemory(0, count), Never);
            socket.Shutdown(SocketShutdown.Send);
            var reply = await AbusedServer.ReadToEndAsync(socket);
            var item = (await client.GetAsync("cut", Never)).Item;

            var isWhole = count == set.Length;
            Assert.True(reply == (isWhole ? "STORED\r\n" : ""), $"cut at {count}: {reply}");
            Assert.True((item is not null) == isWhole, $"cut at {count}");
        }
    }

    [Fact]
    public async Task Shutdown_stops_the_silo_where_it_is_allowed()
    {
        var data = Directory.CreateTempSubdirectory("siberite-farewell-");
        await using (var server = await ServerProcess.StartAsync(
            data.FullName, "--Siberite:Gateway:AllowShutdown=true"))
        {
            await using var client = await WireClient.ConnectAsync(server.EndPoint, Never);
            Assert.Equal("STORED", await client.SetAsync("kept", 0, "x"u8.ToArray(), Never));
            client.Write("shutdown");
            client.Write("set kept 0 0 1\r\ny"); // Not obeyed any more.
            await client.SendAsync(Never);
            await client.ReadToEndAsync(Never);
            Assert.Equal(0, await server.WaitForExitAsync());
        }

        await using (var again = await ServerProcess.StartAsync(data.FullName))
        {
            await using var client = await WireClient.ConnectAsync(again.EndPoint, Never);
            Assert.Equal("x"u8.ToArray(), (await client.GetAsync("kept", Never)).Item!.Payload);
            Assert.Null((await client.GetAsync("kept", Never)).Item);
        }

        data.Delete(recursive: true);
    }

    [Fact]
    public async Task A_server_that_stops_ends_waits_keeps_open_items_and_closes()
    {
        var data = Directory.CreateTempSubdirectory("siberite-farewell-").FullName;
        await using var server = await ServerProcess.StartAsync(data);
        await using var waiting = await WireClient.ConnectAsync(server.EndPoint, Never);
        await using var reading = await WireClient.ConnectAsync(server.EndPoint, Never);
        await using var watching = await WireClient.ConnectAsync(server.EndPoint, Never);
        Assert.Equal("STORED", await reading.SetAsync("open", 0, "x"u8.ToArray(), Never));
        Assert.NotNull((await reading.GetAsync("open/open", Never)).Item);
        waiting.Write("get wait/t=60000");
        await waiting.SendAsync(Never);
        await Poll.UntilAsync(() => HasWaiterAsync(watching), "the get to wait", Poll.Patience);

        var stopping = server.StopAsync();
        Assert.Equal("END", await waiting.ReadLineAsync(Never));
        await waiting.ReadToEndAsync(Never);
        await reading.ReadToEndAsync(Never);
        Assert.Equal(0, await stopping);

        await using var again = await ServerProcess.StartAsync(data);
        await using var client = await WireClient.ConnectAsync(again.EndPoint, Never);
        Assert.NotNull((await client.GetAsync("open", Never)).Item);
        await again.KillAsync();
        Directory.Delete(data, recursive: true);
    }

    /// <remarks>Whoever set the wrong port in many clients must read it in the log, and not a thousand times.</remarks>
    [Theory]
    [InlineData("\x80\0\0", "binary protocol")]
    [InlineData("\x16\x03\x01", "TLS")]
    [InlineData("GET / HTTP/1.1\r\n", "HTTP")]
    public async Task A_client_of_another_protocol_is_logged_once(string bytes, string protocol)
    {
        await using var server = await AbusedServer.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync(Encoding.Latin1.GetBytes(bytes));
            Assert.Equal("", await AbusedServer.ReadToEndAsync(socket));
        }

        await Poll.UntilAsync(
            () => Task.FromResult(Regex.IsMatch(server.Process.Output, $"spoke .*{protocol}")),
            "the log to say so",
            Poll.Patience);
        await server.Neighbour.IsServedAsync();
        Assert.Single(Regex.Matches(server.Process.Output, $"spoke .*{protocol}"));
    }

    private static async Task<bool> HasWaiterAsync(WireClient client)
    {
        var hasWaiter = false;
        client.Write("stats wait");
        await client.SendAsync(Never);
        for (var line = await client.ReadLineAsync(Never); line != "END"; line = await client.ReadLineAsync(Never))
        {
            hasWaiter |= line == "STAT queue_wait_waiters 1";
        }

        return hasWaiter;
    }
}
