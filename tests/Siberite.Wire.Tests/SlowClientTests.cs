using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>Clients that take their time, to say or to listen.</summary>
[Trait("Category", "Slow")]
public sealed class SlowClientTests(ITestOutputHelper output)
{
    private const string OneSecond = "00:00:01";

    [Theory]
    [InlineData("get q")]
    [InlineData("set q 0 0")]
    [InlineData("set q 0 0 10\r\nhello")]
    [InlineData("set q 0 0 10\r\n")]
    [InlineData("set q 0 0 999999999\r\nhello")]
    public async Task A_client_that_stops_in_the_middle_is_let_go(string start)
    {
        await using var server = await StartImpatientAsync();
        using var socket = await server.ConnectAsync();

        await socket.SendAsync(Encoding.ASCII.GetBytes(start));

        Assert.Equal("", await AbusedServer.ReadToEndAsync(socket));
        Assert.Empty(await server.StatsAsync("q"));
    }

    /// <remarks>Goal: a line has a time limit as a whole, so dripping does not extend it.</remarks>
    [Fact]
    public async Task A_command_line_that_drips_in_is_cut_off()
    {
        await using var server = await StartImpatientAsync();
        using var socket = await server.ConnectAsync();
        var watch = Stopwatch.StartNew();

        var dripping = DripAsync(socket, TimeSpan.FromMilliseconds(100), watch, TimeSpan.FromSeconds(20));
        await AbusedServer.ReadToEndAsync(socket);

        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(15));
        await dripping;
    }

    /// <remarks>Goal: an announced length costs the client bytes, and not the server memory.</remarks>
    [Fact]
    public async Task Two_hundred_items_of_the_largest_size_at_a_byte_a_second_take_hardly_any_memory()
    {
        const int Clients = 200;
        await using var server = await AbusedServer.StartAsync();
        var before = server.ResidentBytes;
        var sockets = new List<Socket>();
        for (var i = 0; i < Clients; i++)
        {
            var socket = await server.ConnectAsync();
            await socket.SendAsync("set slow 0 0 8388608\r\n"u8.ToArray());
            sockets.Add(socket);
        }

        var watch = Stopwatch.StartNew();
        await Task.WhenAll(sockets.Select(
            socket => DripAsync(socket, TimeSpan.FromSeconds(1), watch, TimeSpan.FromSeconds(6))));
        var grown = server.ResidentBytes - before;
        output.WriteLine($"{Clients} half-sent items of 8 MiB: {grown >> 10} KiB more resident.");

        Assert.InRange(grown, long.MinValue, 128L << 20);
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }

        Assert.Empty(await server.StatsAsync("slow"));
    }

    /// <remarks>Method: asks for a large item again and again and reads nothing, until it is cut off.</remarks>
    [Fact]
    public async Task A_client_that_never_reads_is_dropped_and_takes_little_memory()
    {
        await using var server = await AbusedServer.StartAsync($"--Siberite:Gateway:SendTimeout={OneSecond}");
        await using var owner = await WireClient.ConnectAsync(server.Process.EndPoint, CancellationToken.None);
        var stored = await owner.SetAsync("large", 0, new byte[64 << 10], CancellationToken.None);
        Assert.Equal("STORED", stored);
        var before = server.ResidentBytes;
        using var socket = await server.ConnectAsync();
        var peeks = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("get large/peek\r\n", 1_000)));

        var sent = await SendUntilRefusedAsync(socket, peeks, limit: 256 << 20);
        var grown = server.ResidentBytes - before;
        output.WriteLine($"Dropped after {sent >> 10} KiB of commands; {grown >> 10} KiB more resident.");

        Assert.InRange(sent, 0, (256 << 20) - 1);
        Assert.InRange(grown, long.MinValue, 64L << 20);
    }

    [Fact]
    public async Task A_gibibyte_without_a_line_feed_is_cut_off_early()
    {
        await using var server = await AbusedServer.StartAsync();
        using var socket = await server.ConnectAsync();
        var before = server.ResidentBytes;

        var sent = await SendUntilRefusedAsync(socket, new byte[1 << 20], limit: 1 << 30);
        output.WriteLine($"Cut off after {sent >> 10} KiB.");

        Assert.InRange(sent, 0, 32L << 20);
        Assert.InRange(server.ResidentBytes - before, long.MinValue, 32L << 20);
    }

    private static Task<AbusedServer> StartImpatientAsync() => AbusedServer.StartAsync(
        $"--Siberite:Gateway:LineTimeout={OneSecond}",
        $"--Siberite:Gateway:DataTimeout={OneSecond}",
        "--Siberite:Gateway:MaxItemBytes=67108864");

    /// <summary>Sends a byte at a time until the time is over or the server has had enough.</summary>
    private static async Task DripAsync(Socket socket, TimeSpan interval, Stopwatch watch, TimeSpan limit)
    {
        using var pace = new PeriodicTimer(interval);
        try
        {
            while (watch.Elapsed < limit && await pace.WaitForNextTickAsync())
            {
                await socket.SendAsync("x"u8.ToArray());
            }
        }
        catch (SocketException)
        {
            // Cut off.
        }
    }

    /// <returns>The bytes that went out.</returns>
    private static async Task<long> SendUntilRefusedAsync(Socket socket, byte[] bytes, long limit)
    {
        using var patience = new CancellationTokenSource(Poll.Patience);
        var sent = 0L;
        try
        {
            while (sent < limit)
            {
                sent += await socket.SendAsync(bytes, patience.Token);
            }
        }
        catch (SocketException)
        {
            // Cut off.
        }

        return sent;
    }
}
