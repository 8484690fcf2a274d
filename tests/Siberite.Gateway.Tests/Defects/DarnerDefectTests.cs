using Siberite.Contracts;

namespace Siberite.Gateway.Tests.Defects;

/// <summary>Darner's defects, held against this server. infra/docs/defects.md tells the stories.</summary>
public sealed class DarnerDefectTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string VersionReply = $"VERSION {GatewayParts.Version}\r\n";

    [Fact]
    public async Task D1_items_closed_out_of_order_are_no_hole_after_a_restart()
    {
        using var gateway = new GatewayOverPipes();
        var slow = gateway.Connect();
        await slow.AskAsync(
            "set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\nset q 0 0 1\r\n3\r\n", "STORED\r\nSTORED\r\nSTORED\r\n");
        await slow.AskAsync("get q/open\r\n", "VALUE q 0 1\r\n1\r\nEND\r\n");
        await gateway.Connect().AskAsync("get q/open\r\nget q/close\r\n", "VALUE q 0 1\r\n2\r\nEND\r\nEND\r\n");

        using var restarted = gateway.Kill();
        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\nget q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\nVALUE q 0 1\r\n3\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task D2_a_crash_inside_a_large_set_on_an_empty_queue_leaves_nothing()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.SendAsync("set q 0 0 1000000\r\n");
        await client.SendAsync(new byte[400_000]);

        using var restarted = gateway.Kill();
        Assert.Equal(0, restarted.Queues.QueueCount);
        await restarted.Connect().AskAsync(
            "get q\r\nset q 0 0 1\r\nx\r\nget q\r\n", "END\r\nSTORED\r\nVALUE q 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task D3_a_nul_byte_is_one_byte_and_nothing_is_nothing()
    {
        using var gateway = new GatewayOverPipes();
        await gateway.Connect().AskAsync("set q 0 0 1\r\n\0\r\nset q 0 0 0\r\n\r\n", "STORED\r\nSTORED\r\n");

        using var restarted = gateway.Kill();
        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\n", "VALUE q 0 1\r\n\0\r\nEND\r\nVALUE q 0 0\r\n\r\nEND\r\n");
    }

    [Fact]
    public async Task D4_flush_all_goes_over_queues_that_come_and_go()
    {
        const int Rounds = 200;
        using var gateway = new GatewayOverPipes();
        var (maker, flusher) = (gateway.Connect(), gateway.Connect());
        var replies = new[] { maker.FinishReadingAsync(), flusher.FinishReadingAsync() };
        for (var round = 0; round < Rounds; round++)
        {
            await maker.SendAsync($"set q{round} 0 0 1\r\nx\r\ndelete q{round - 1}\r\n");
            await flusher.SendAsync("flush_all\r\n");
        }

        await maker.CompleteAsync();
        await flusher.CompleteAsync();
        Assert.Equal(string.Concat(Enumerable.Repeat("STORED\r\nDELETED\r\n", Rounds)), await replies[0]);
        Assert.Equal(string.Concat(Enumerable.Repeat("Flushed all queues.\r\n", Rounds)), await replies[1]);
        await gateway.Connect().AskAsync(
            $"flush_all\r\nget q{Rounds - 1}\r\n", "Flushed all queues.\r\nEND\r\n");
    }

    [Fact]
    public async Task D5_a_deleted_or_flushed_queue_does_not_come_back_under_any_name()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        await gateway.Connect().AskAsync(
            "set gone 0 0 1\r\nx\r\nset kept 0 0 1\r\ny\r\ndelete gone\r\nflush kept\r\n",
            "STORED\r\nSTORED\r\nDELETED\r\nEND\r\n");

        using var restarted = gateway.CutPower();
        Assert.Equal("kept", Assert.Single(restarted.Queues.GetStats(name: null)).Name);
        await restarted.Connect().AskAsync("get kept gone\r\n", "END\r\n");
    }

    [Fact]
    public async Task D6_names_that_could_be_paths_or_are_too_long_are_refused()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        foreach (var name in new[] { ".", "..", ".q", new string('x', 201) })
        {
            await client.AskAsync($"set {name} 0 0 1\r\nx\r\n", "CLIENT_ERROR invalid queue name\r\n");
            await client.AskAsync($"get {name}\r\n", "CLIENT_ERROR invalid queue name\r\n");
            await client.AskAsync($"delete {name}\r\n", "DELETED\r\n");
        }

        // Since then the name of a cursor, which takes no items and is nothing without its queue.
        await client.AskAsync("set q.0 0 0 1\r\nx\r\n", "CLIENT_ERROR invalid queue name\r\n");
        await client.AskAsync("get q.0\r\n", "END\r\n");

        var tooLong = new string('x', 300);
        await client.AskAsync($"set {tooLong} 0 0 1\r\nx\r\n", "CLIENT_ERROR key too long\r\n");
        await client.AskAsync($"get {tooLong}\r\n", "CLIENT_ERROR key too long\r\n");
        await client.AskAsync("version\r\n", VersionReply);
        Assert.Equal(0, gateway.Queues.QueueCount);
    }

    /// <remarks>Method: the client asks and does not read, and the server is killed.</remarks>
    [Fact]
    public async Task D8_a_plain_get_is_closed_only_when_its_bytes_were_taken()
    {
        using var gateway = new GatewayOverPipes();
        await gateway.Connect().AskAsync("set q 0 0 1\r\nx\r\n", "STORED\r\n");
        await gateway.Connect().SendAsync("get q\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("q") is { ItemCount: 0 }, Patience);
        Assert.Equal(0, gateway.Stats("q")!.ClosedCount);

        using var restarted = gateway.Kill();
        await restarted.Connect().AskAsync("get q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task D9_every_acknowledged_change_is_synced_by_default()
    {
        using var gateway = new GatewayOverPipes(new StorageOptions().Durability);
        var client = gateway.Connect();
        foreach (var (command, reply) in new[]
        {
            ("set q 0 0 1\r\nx\r\n", "STORED\r\n"),
            ("set q+r 0 0 1\r\nx\r\n", "STORED\r\n"),
            ("flush q\r\n", "END\r\n"),
            ("delete r\r\n", "DELETED\r\n"),
            ("set s 0 0 1\r\nx\r\n", "STORED\r\n"),
            ("flush_all\r\n", "Flushed all queues.\r\n"),
        })
        {
            await client.AskAsync(command, reply);
            Assert.Equal(0, gateway.Store.UnsyncedBatchCount);
        }
    }
}
