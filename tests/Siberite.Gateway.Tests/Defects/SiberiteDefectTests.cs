using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests.Defects;

/// <summary>What Siberite does to its items, held against this server. infra/docs/defects.md tells the
/// stories.</summary>
public sealed class SiberiteDefectTests
{
    private const string BadLine = "CLIENT_ERROR bad command line format\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string VersionReply = $"VERSION {GatewayParts.Version}\r\n";

    [Fact]
    public async Task S1_an_item_open_at_a_crash_is_served_again()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        await client.AskAsync("get q/open\r\n", "VALUE q 0 1\r\n1\r\nEND\r\n");

        using var restarted = gateway.Kill();
        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\nget q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\nVALUE q 0 1\r\n2\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S2_what_was_acknowledged_survives_a_power_cut()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set q 7 0 5\r\nhello\r\n", "STORED\r\n");
        await client.AskAsync("set a+b 0 0 1\r\nx\r\n", "STORED\r\n");
        await client.AskAsync("delete a\r\n", "DELETED\r\n");

        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync(
            "get q\r\nget a b\r\n", "VALUE q 7 5\r\nhello\r\nEND\r\nVALUE b 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task S3_a_read_that_fails_is_an_error_and_not_an_empty_queue()
    {
        using var gateway = new GatewayOverPipes();
        await gateway.Connect().AskAsync("set q 0 0 1\r\nx\r\n", "STORED\r\n");

        using var restarted = gateway.Kill();
        restarted.Store.CanReadItems = false;
        var client = restarted.Connect();
        await client.AskAsync("get q\r\n", "SERVER_ERROR item unreadable\r\n");
        await client.AskAsync("get q/open/t=20000\r\n", "SERVER_ERROR item unreadable\r\n");
        restarted.Store.CanReadItems = true;
        await client.AskAsync("get q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task S4_an_empty_item_is_an_item()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.AskAsync("set q 3 0 0\r\n\r\nset q 0 0 1\r\nx\r\n", "STORED\r\nSTORED\r\n");
        await client.AskAsync("get q/open\r\n", "VALUE q 3 0\r\n\r\nEND\r\n");

        using var restarted = gateway.Kill();
        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\nget q\r\n", "VALUE q 3 0\r\n\r\nEND\r\nVALUE q 0 1\r\nx\r\nEND\r\nEND\r\n");
    }

    /// <remarks>Method: items are cut out of the store between a kill and the restart.</remarks>
    [Fact]
    public async Task S5_a_hole_in_the_store_neither_stops_a_queue_nor_passes_for_its_end()
    {
        using var gateway = new GatewayOverPipes();
        for (var i = 1; i <= 5; i++)
        {
            await gateway.Connect().AskAsync($"set q 0 0 1\r\n{i}\r\n", "STORED\r\n");
        }

        using var restarted = gateway.Kill();
        restarted.Store.ShowsTrimmedItems = false;
        var hole = restarted.Store.CreateBatch();
        hole.TrimItems(queueId: 1, first: 1, limit: 2);
        hole.TrimItems(queueId: 1, first: 3, limit: 5);
        restarted.Store.Write(hole);

        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\nget q\r\n", "VALUE q 0 1\r\n2\r\nEND\r\nVALUE q 0 1\r\n5\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S7_no_count_of_a_drained_queue_goes_below_zero()
    {
        using var gateway = new GatewayOverPipes();
        await gateway.Connect().AskAsync(
            "set q 0 0 2\r\nxy\r\nget q/open\r\nget q/close\r\n",
            "STORED\r\nVALUE q 0 2\r\nxy\r\nEND\r\nEND\r\n");

        using var restarted = gateway.Kill();
        var client = restarted.Connect();
        await client.AskAsync(
            "stats q\r\n",
            "STAT queue_q_items 0\r\nSTAT queue_q_bytes 0\r\nSTAT queue_q_age 0\r\n");
        Assert.True(restarted.Stats("q") is { ItemCount: 0, ItemBytes: 0, WaiterCount: 0, OpenReadCount: 0 });
    }

    [Fact]
    public async Task S8_a_place_moves_at_the_close_and_a_failure_of_that_is_told()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\nx\r\n", "STORED\r\n");
        await client.AskAsync("get q/open\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
        gateway.Store.FailWrite(nth: 1);
        await client.AskAsync("get q/close\r\n", "SERVER_ERROR storage failed\r\n");

        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync("get q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task S10_items_given_back_by_several_clients_keep_their_order()
    {
        using var gateway = new GatewayOverPipes();
        var (first, second) = (gateway.Connect(), gateway.Connect());
        await first.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        foreach (var (early, late) in new[] { (first, second), (second, first) })
        {
            await first.AskAsync("get q/open\r\n", "VALUE q 0 1\r\n1\r\nEND\r\n");
            await second.AskAsync("get q/open\r\n", "VALUE q 0 1\r\n2\r\nEND\r\n");
            await early.AskAsync("get q/abort\r\n", "END\r\n");
            await late.AskAsync("get q/abort\r\n", "END\r\n");
        }

        await first.AskAsync(
            "get q\r\nget q\r\nget q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\nVALUE q 0 1\r\n2\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S11_commands_without_their_argument_get_an_error_and_the_server_lives()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        foreach (var command in new[] { "get", "gets", "get ", "delete", "delete ", "flush", "flush " })
        {
            await client.AskAsync($"{command}\r\n", BadLine);
        }

        await client.AskAsync("version\r\n", VersionReply);
        var setter = gateway.Connect();
        await setter.SendAsync("set\r\nversion\r\n");
        Assert.Equal(BadLine, await setter.FinishReadingAsync());
        await gateway.Connect().AskAsync("version\r\n", VersionReply);
    }

    [Theory]
    [InlineData("-1", "CLIENT_ERROR Invalid <bytes> number\r\n")]
    [InlineData("-3", "CLIENT_ERROR Invalid <bytes> number\r\n")]
    [InlineData("-9223372036854775808", "CLIENT_ERROR Invalid <bytes> number\r\n")]
    [InlineData("2147483648", "SERVER_ERROR object too large for cache\r\n")]
    [InlineData("9223372036854775807", "SERVER_ERROR object too large for cache\r\n")]
    [InlineData("18446744073709551617", "CLIENT_ERROR Invalid <bytes> number\r\n")]
    public async Task S12_impossible_lengths_end_one_session_and_take_no_memory(string length, string reply)
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();

        await client.SendAsync($"set q 0 0 {length}\r\ndelete other\r\n");

        Assert.Equal(reply, await client.FinishReadingAsync());
        await gateway.Connect().AskAsync("get q\r\nversion\r\n", "END\r\n" + VersionReply);
        Assert.Equal(0, gateway.Queues.QueueCount);
    }

    /// <remarks>Method: readers and writers of one queue against one who deletes and flushes it all the
    /// time.</remarks>
    [Fact]
    public async Task S13_deleting_and_flushing_under_readers_harms_nobody()
    {
        const int Rounds = 300;
        using var gateway = new GatewayOverPipes();
        var clients = Enumerable.Range(0, 4).Select(_ => gateway.Connect()).ToArray();
        var replies = clients.Select(client => client.FinishReadingAsync()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            await clients[0].SendAsync("set q 0 0 1\r\nx\r\nset q+r 0 0 1\r\ny\r\n");
            await clients[1].SendAsync("get q/open\r\nget q/close\r\n");
            await clients[2].SendAsync("get q/t=1/open\r\nget q/abort\r\n");
            await clients[3].SendAsync(round % 2 == 0 ? "delete q\r\n" : "flush q\r\nflush_all\r\n");
        }

        foreach (var client in clients)
        {
            await client.CompleteAsync();
        }

        Assert.All(await Task.WhenAll(replies), text => Assert.DoesNotContain("ERROR", text, StringComparison.Ordinal));
        Assert.Equal(2 * Rounds, (await replies[0]).Split("STORED\r\n").Length - 1);
        var last = gateway.Connect();
        await last.AskAsync("delete q\r\nset q 0 0 1\r\nz\r\n", "DELETED\r\nSTORED\r\n");
        await last.AskAsync("get q\r\n", "VALUE q 0 1\r\nz\r\nEND\r\n");
    }

    [Fact]
    public async Task S14_a_line_without_an_end_is_cut_off()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();

        await client.SendAsync(new string('x', new GatewayOptions().MaxLineBytes));

        Assert.Equal("CLIENT_ERROR line too long\r\n", await client.FinishReadingAsync());
    }

    [Fact]
    public async Task S15_a_line_that_comes_in_pieces_over_seconds_is_one_line()
    {
        var time = new FakeTimeProvider();
        using var gateway = new GatewayOverPipes(time: time);
        var client = gateway.Connect();
        foreach (var piece in new[] { "se", "t q 0 0 8\r", "\n", "dele", "te q\r" })
        {
            await client.SendAsync(piece);
            SpinWait.SpinUntil(() => client.Session.Deadline > 0, Patience);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        await client.AskAsync("\nget q\r\n", "STORED\r\nVALUE q 0 8\r\ndelete q\r\nEND\r\n");
    }
}
