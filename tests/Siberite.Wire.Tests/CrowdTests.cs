using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>More clients, names and waits than anybody needs.</summary>
[Trait("Category", "Slow")]
public sealed class CrowdTests(ITestOutputHelper output)
{
    private const int Crowd = 9_000; // Both ends of each connection are files, and 20,000 is a usual limit.

    [Fact]
    public async Task Thousands_of_idle_connections_are_cheap_and_in_nobodys_way()
    {
        await using var server = await AbusedServer.StartAsync();
        var before = server.ResidentBytes;
        var sockets = await ConnectAllAsync(server, Crowd);
        foreach (var socket in sockets)
        {
            Assert.Equal("VERSION ", await AskAsync(socket, "version\r\n", 8));
        }

        var bytesEach = (server.ResidentBytes - before) / Crowd;
        var active = await NeighboursAsync(server, 100);
        await Task.WhenAll(active.Select(neighbour => neighbour.IsServedAsync()));
        output.WriteLine($"{Crowd} idle connections: {bytesEach} bytes resident each.");

        Assert.InRange(bytesEach, long.MinValue, 32 << 10);
        foreach (var neighbour in active)
        {
            await neighbour.DisposeAsync();
        }

        sockets.ForEach(socket => socket.Dispose());
        await IsEmptyAsync(server);
    }

    [Fact]
    public async Task Of_thousands_that_wait_exactly_one_gets_the_one_item()
    {
        await using var server = await AbusedServer.StartAsync();
        var sockets = await ConnectAllAsync(server, Crowd);
        foreach (var socket in sockets)
        {
            await socket.SendAsync("get prize/t=600000\r\n"u8.ToArray());
        }

        await WaitersAsync(server, Crowd);
        await using var giver = await WireClient.ConnectAsync(server.Process.EndPoint, CancellationToken.None);
        Assert.Equal("STORED", await giver.SetAsync("prize", 0, "x"u8.ToArray(), CancellationToken.None));
        await WaitersAsync(server, Crowd - 1);
        await Poll.UntilAsync(
            () => Task.FromResult(sockets.Exists(socket => socket.Available > 0)), "a winner", Poll.Patience);

        Assert.Single(sockets, socket => socket.Available > 0);
        sockets.ForEach(socket => socket.Dispose());
        await WaitersAsync(server, 0);

        // None of those that left takes the next one with it.
        Assert.Equal("STORED", await giver.SetAsync("prize", 0, "y"u8.ToArray(), CancellationToken.None));
        Assert.NotNull((await giver.GetAsync("prize", CancellationToken.None)).Item);
    }

    [Fact]
    public async Task A_hundred_thousand_names_that_are_only_read_make_no_queue()
    {
        await using var server = await AbusedServer.StartAsync();
        await using var client = await WireClient.ConnectAsync(server.Process.EndPoint, CancellationToken.None);
        var before = server.ResidentBytes;
        for (var line = 0; line < 1_000; line++)
        {
            client.Write("get " + string.Join(' ', Enumerable.Range(line * 100, 100).Select(i => $"name{i}")));
            await client.SendAsync(CancellationToken.None);
            Assert.Equal("END", await client.ReadLineAsync(CancellationToken.None));
        }

        var grown = server.ResidentBytes - before;
        output.WriteLine($"{grown >> 10} KiB more resident.");
        Assert.DoesNotContain(
            await server.StatsAsync(""), line => line.StartsWith("STAT queue_name", StringComparison.Ordinal));
        Assert.InRange(grown, long.MinValue, 128L << 20);
    }

    [Fact]
    public async Task A_flood_of_connections_leaves_nothing_behind()
    {
        await using var server = await AbusedServer.StartAsync();
        var filesBefore = server.FileCount;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 2_500; i++)
            {
                using var socket = await server.ConnectAsync();
                var command = i % 2 == 0 ? "get q/open/t=60000\r\n" : "set q 0 0 5\r\nhe";
                await socket.SendAsync(Encoding.ASCII.GetBytes(command));

                // Half of them leave without a farewell.
                socket.LingerState = new LingerOption(enable: i % 4 < 2, seconds: 0);
            }
        })));
        output.WriteLine($"20,000 connections in {watch.Elapsed.TotalSeconds:0.0} s.");

        await IsEmptyAsync(server);
        await Poll.UntilAsync(
            () => Task.FromResult(server.FileCount <= filesBefore + 10), "the files to be closed", Poll.Patience);
        await server.Neighbour.IsServedAsync();
    }

    /// <remarks>
    /// Goal: few files mean few clients, and neither harm to those that are in nor the end of accepting: Darner never
    /// accepted again after its first EMFILE.
    /// Method: a process that may have 600 files, a few hundred of which it needs itself, meets 800 clients.
    /// </remarks>
    [Fact]
    public async Task A_server_with_few_files_serves_whom_it_can_and_accepts_again_when_they_leave()
    {
        await using var server = await AbusedServer.StartWithFilesAsync(600);
        var others = await NeighboursAsync(server, 8); // On every thread that reads from sockets.
        var sockets = await ConnectAllAsync(server, 800);
        for (var i = 0; i < 20; i++)
        {
            await Task.WhenAll(others.Select(neighbour => neighbour.IsServedAsync()));
        }

        foreach (var neighbour in others)
        {
            await neighbour.DisposeAsync();
        }

        sockets.ForEach(socket => socket.Dispose());

        await Poll.UntilAsync(() => CanAskAsync(server), "the server to accept again", Poll.Patience);
        await server.Neighbour.IsServedAsync();
    }

    /// <remarks>Method: seeded noise, with the words of the protocol strewn in, on many connections at once.</remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Noise_harms_nobody(int seed)
    {
        await using var server = await AbusedServer.StartAsync();
        for (var round = 0; round < 300; round++)
        {
            var random = new Random((seed * 1_000_000) + round);
            using var socket = await server.ConnectAsync();
            await socket.SendAsync(Noise(random));
            socket.Shutdown(SocketShutdown.Send);
            await AbusedServer.ReadToEndAsync(socket);
        }

        await server.Neighbour.IsServedAsync();
    }

    private static Task<Neighbour[]> NeighboursAsync(AbusedServer server, int count)
        => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Neighbour.StartAsync(server.Process.EndPoint)));

    private static byte[] Noise(Random random)
    {
        string[] words =
        [
            "get ", "set ", "gets ", "delete ", "flush ", "stats ", "noise", "noise ", "/open", "/close", "/abort",
            "/peek", "/t=", "0 ", "0 0 5\r\n", "hello\r\n", "\r\n", "\n", "\r", " ", "-1", "99999999999", "noreply",
            "\0", "+", ".", "ms ", "add ", "quit\r\n", "verbosity 1\r\n", "version\r\n",
        ];
        var noise = new List<byte>();
        for (var i = 0; i < 200; i++)
        {
            noise.AddRange(random.Next(8) == 0
                ? [(byte)random.Next(256)]
                : Encoding.Latin1.GetBytes(words[random.Next(words.Length)]));
        }

        return [.. noise];
    }

    private static async Task<List<Socket>> ConnectAllAsync(AbusedServer server, int count)
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < count; i++)
        {
            sockets.Add(await server.ConnectAsync());
        }

        return sockets;
    }

    private static async Task<string> AskAsync(Socket socket, string command, int replyBytes)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(command));
        var reply = new byte[256];
        var count = await socket.ReceiveAsync(reply);
        return Encoding.ASCII.GetString(reply, 0, Math.Min(count, replyBytes));
    }

    private static async Task<bool> CanAskAsync(AbusedServer server)
    {
        try
        {
            using var socket = await server.ConnectAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await socket.SendAsync("version\r\n"u8.ToArray(), limit.Token);
            return await socket.ReceiveAsync(new byte[64], limit.Token) > 0;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Task WaitersAsync(AbusedServer server, int count) => Poll.UntilAsync(
        async () => await server.StatAsync("prize", "queue_prize_waiters") == count,
        $"{count} waiters",
        TimeSpan.FromMinutes(1));

    /// <summary>Returns when only the neighbour, and who asks, are connected.</summary>
    private static Task IsEmptyAsync(AbusedServer server) => Poll.UntilAsync(
        async () => await server.StatAsync("", "curr_connections") <= 2, "the crowd to be gone", Poll.Patience);
}
