using System.Globalization;
using System.Text;
using CsCheck;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests;

public sealed class SessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[] LineCommands =
    [
        "get q\r\n", "get q/open\r\n", "get q/close\r\n", "get q/abort\r\n", "get q/close/open\r\n", "get q r\r\n",
        "get q/peek\n", "GET r/t=0\r\n", "flush r\r\n", "delete q\r\n", "version\r\n", "\r\n", "nonsense\r\n",
        "get \r\n", "get q/t=x\r\n", "monitor q 0\r\n", "monitor q 20 2\r\n", "confirm q 1\r\n", "confirm q 2\r\n",
        "mg q v f k\r\n", "mg q/open v q\r\n", "md r q\r\n", "mn\r\n", "status\r\n", "dump_config q\r\n",
    ];

    /// <remarks>
    /// Goal: framing must not show. Method: random commands, cut at random places, give the reply bytes that the same
    /// commands give in one piece. A failure prints CsCheck's seed.
    /// </remarks>
    [Fact]
    public void Any_fragmentation_of_the_same_bytes_gives_the_same_replies()
    {
        var data = Gen.OneOf(Gen.Int[0, 40], Gen.Int[4000, 9000])
            .Select(size => new string('d', size))
            .Select(body => $"{body.Length}{{0}}\r\n{body}\r\n");
        var command = Gen.OneOf(
            data.Select(rest => "set q 0 0 " + string.Format(CultureInfo.InvariantCulture, rest, "")),
            data.Select(rest => "set q+r 7 0 " + string.Format(CultureInfo.InvariantCulture, rest, "")),
            data.Select(rest => "set q 1 0 " + string.Format(CultureInfo.InvariantCulture, rest, " noreply")),
            data.Select(rest => "ms q " + string.Format(CultureInfo.InvariantCulture, rest, " F7 k")),
            data.Select(rest => "ms q " + string.Format(CultureInfo.InvariantCulture, rest, " q ME")),
            data.Select(rest => "add q 0 0 " + string.Format(CultureInfo.InvariantCulture, rest, "")),
            data.Select(rest => "set bad.name 0 0 " + string.Format(CultureInfo.InvariantCulture, rest, "")),
            Gen.Int[0, LineCommands.Length - 1].Select(index => LineCommands[index]));
        Gen.Select(command.List[1, 12], Gen.Int[1, 200].List[1, 30])
            .Sample(
                (commands, cuts) =>
                {
                    var bytes = Encoding.Latin1.GetBytes(string.Concat(commands));
                    Assert.Equal(Replies(bytes, [bytes.Length]), Replies(bytes, cuts));
                },
                iter: 300, threads: 1);
    }

    [Fact]
    public async Task A_plain_get_whose_client_is_gone_gives_the_item_back()
    {
        using var gateway = new GatewayOverPipes();
        var producer = gateway.Connect();
        await producer.AskAsync("set a 0 0 1\r\nx\r\n", "STORED\r\n");
        var consumer = gateway.Connect();
        await consumer.AskAsync("version\r\n", $"VERSION {GatewayParts.Version}\r\n");

        await consumer.SendAsync("get a/t=20000\r\nget a/t=20000\r\n");
        await consumer.ExpectAsync("VALUE a 0 1\r\nx\r\nEND\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("a") is { ClosedCount: 1, WaiterCount: 1 }, Patience);
        await consumer.VanishAsync();
        await producer.AskAsync("set a 0 0 1\r\ny\r\n", "STORED\r\n");
        await consumer.Run.WaitAsync(Patience);

        await producer.AskAsync("get a\r\n", "VALUE a 0 1\r\ny\r\nEND\r\n");
    }

    [Fact]
    public async Task A_client_that_drops_with_an_open_read_gives_it_back_to_its_place()
    {
        using var gateway = new GatewayOverPipes();
        var first = gateway.Connect();
        await first.AskAsync("set a 0 0 1\r\n1\r\nset a 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        var second = gateway.Connect();
        await second.AskAsync("get a/open\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n");

        await second.VanishAsync();
        await second.Run.WaitAsync(Patience);

        await first.AskAsync("get a\r\nget a\r\n", "VALUE a 0 1\r\n1\r\nEND\r\nVALUE a 0 1\r\n2\r\nEND\r\n");
    }

    [Fact]
    public async Task Waiters_are_served_first_come_first_served_and_one_item_wakes_one()
    {
        using var gateway = new GatewayOverPipes();
        var waiters = new List<PipeClient>();
        for (var i = 1; i <= 3; i++)
        {
            var waiter = gateway.Connect();
            await waiter.SendAsync("get a/t=20000\r\n");
            SpinWait.SpinUntil(() => gateway.Stats("a")?.WaiterCount == i, Patience);
            waiters.Add(waiter);
        }

        var producer = gateway.Connect();
        await producer.AskAsync("set a 0 0 1\r\n1\r\n", "STORED\r\n");
        await waiters[0].ExpectAsync("VALUE a 0 1\r\n1\r\nEND\r\n");
        Assert.Equal(2, gateway.Stats("a")!.WaiterCount);

        await waiters[1].VanishAsync();
        await waiters[1].Run.WaitAsync(Patience);
        await producer.AskAsync("set a 0 0 1\r\n2\r\n", "STORED\r\n");
        await waiters[2].ExpectAsync("VALUE a 0 1\r\n2\r\nEND\r\n");
    }

    [Fact]
    public async Task A_half_closed_client_gets_every_reply_it_is_owed()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();

        await client.SendAsync("set a 0 0 1\r\nx\r\nget a\r\nget a/t=20000\r\nset b 0 0 1\r\ny\r\n");

        Assert.Equal("STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nEND\r\nSTORED\r\n", await client.FinishAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_read_stops_being_served_and_costs_bounded_memory()
    {
        var options = new GatewayOptions { MaxPendingReplyBytes = 64 << 10 };
        using var gateway = new GatewayOverPipes(Durability.Os, options);
        var producer = gateway.Connect();
        var body = new string('x', 4000);
        for (var i = 0; i < 200; i++)
        {
            await producer.AskAsync($"set a 0 0 {body.Length}\r\n{body}\r\n", "STORED\r\n");
        }

        var consumer = gateway.Connect();
        await consumer.SendAsync(string.Concat(Enumerable.Repeat("get a\r\n", 200)));
        SpinWait.SpinUntil(() => gateway.Stats("a")!.ItemCount < 200, Patience);
        Assert.InRange(gateway.Stats("a")!.ItemCount, 100, 199);

        for (var i = 0; i < 200; i++)
        {
            await consumer.ExpectAsync($"VALUE a 0 {body.Length}\r\n{body}\r\nEND\r\n");
        }
    }

    [Fact]
    public async Task Stopping_ends_waits_and_then_sessions()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.SendAsync("get a/t=20000\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("a")?.WaiterCount == 1, Patience);

        client.Session.Stop();

        await client.ExpectAsync("END\r\n");
        await client.Run.WaitAsync(Patience);
    }

    [Fact]
    public async Task An_item_beyond_the_budget_of_half_received_data_is_swallowed_exactly()
    {
        var options = new GatewayOptions { MaxInFlightBytes = 100_000 };
        using var gateway = new GatewayOverPipes(Durability.Os, options);
        var client = gateway.Connect();

        await client.SendAsync("set a 0 0 1000000\r\n");
        await client.SendAsync(new byte[500_000]);
        await client.SendAsync(new byte[500_000]);
        await client.AskAsync("\r\nversion\r\n", $"SERVER_ERROR out of memory\r\nVERSION {GatewayParts.Version}\r\n");
    }

    private static string Replies(byte[] bytes, List<int> cuts)
    {
        using var gateway = new GatewayOverPipes();
        return ReplyAsync().GetAwaiter().GetResult();

        async Task<string> ReplyAsync()
        {
            var client = gateway.Connect();
            var sending = SendAsync(client);
            var replies = client.FinishReadingAsync();
            await sending;
            await client.CompleteAsync();
            return await replies;
        }

        async Task SendAsync(PipeClient client)
        {
            var sent = 0;
            for (var i = 0; sent < bytes.Length; i++)
            {
                var count = Math.Min(cuts[i % cuts.Count], bytes.Length - sent);
                await client.SendAsync(bytes.AsMemory(sent, count));
                sent += count;
            }
        }
    }
}
