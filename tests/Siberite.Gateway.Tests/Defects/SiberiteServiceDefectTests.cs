using System.Net;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests.Defects;

/// <summary>The second half: what Siberite does to its clients and to itself.</summary>
public sealed class SiberiteServiceDefectTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string VersionReply = $"VERSION {GatewayParts.Version}\r\n";

    [Fact]
    public async Task S16_data_that_does_not_come_ends_the_session_and_what_it_had_open_goes_back()
    {
        var time = new FakeTimeProvider();
        using var gateway = new GatewayOverPipes(time: time);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\nx\r\n", "STORED\r\n");
        await client.AskAsync("get q/open\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
        await client.SendAsync("set q 0 0 100\r\nhalf");
        SpinWait.SpinUntil(() => client.Session.Deadline is > 0 and < 60, Patience); // 60 are for sending replies.

        time.Advance(new GatewayOptions().DataTimeout + TimeSpan.FromSeconds(3));

        await client.Run.WaitAsync(Patience);
        await gateway.Connect().AskAsync("get q\r\nget q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S16_a_stop_does_not_wait_for_data_that_does_not_come()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.AskAsync("version\r\n", VersionReply);
        await client.SendAsync("set q 0 0 100\r\nhalf");
        SpinWait.SpinUntil(() => gateway.Counters.ReceivedBytes == "version\r\nset q 0 0 100\r\nhalf".Length, Patience);

        client.Session.Stop();

        await client.Run.WaitAsync(Patience);
        Assert.Equal(0, gateway.Queues.QueueCount);
    }

    [Fact]
    public async Task S18_a_delete_is_whole_after_a_power_cut()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        await client.AskAsync("delete q\r\nset q 0 0 1\r\n3\r\n", "DELETED\r\nSTORED\r\n");

        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync("get q\r\nget q\r\n", "VALUE q 0 1\r\n3\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S18_a_delete_that_was_cut_off_is_none_at_all()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        using var sync = gateway.Store.BlockNextSync();
        await client.SendAsync("delete q\r\n");
        await sync.Reached.WaitAsync(Patience);

        using var restarted = gateway.CutPower();
        sync.Open();
        await restarted.Connect().AskAsync(
            "get q\r\nget q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\nVALUE q 0 1\r\n2\r\nEND\r\n");
    }

    [Fact]
    public async Task S19_a_clean_stop_leaves_nothing_unsynced()
    {
        using var gateway = new GatewayOverPipes(Durability.Os);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        await client.AskAsync("get q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\n");
        await client.FinishAsync();

        gateway.Queues.Dispose();

        Assert.Equal(0, gateway.Store.UnsyncedBatchCount);
        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync("get q\r\nget q\r\n", "VALUE q 0 1\r\n2\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task S20_a_set_to_several_queues_is_in_all_of_them_or_in_none()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set a+b.b+c 0 0 1\r\nx\r\n", "CLIENT_ERROR invalid queue name\r\n");
        await client.AskAsync("set a+b+a 0 0 1\r\nx\r\n", "CLIENT_ERROR duplicate queue name\r\n");
        Assert.Equal(0, gateway.Store.WriteCount);
        gateway.Store.FailWrite(nth: 1);
        await client.AskAsync("set a+b+c 0 0 1\r\nx\r\n", "SERVER_ERROR storage failed\r\n");
        Assert.Equal(1, gateway.Store.UnsyncedBatchCount);

        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync("get a b c\r\n", "END\r\n");
    }

    [Fact]
    public async Task S21_a_delete_that_failed_says_so()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set q 0 0 1\r\nx\r\n", "STORED\r\n");
        gateway.Store.FailWrite(nth: 1);

        await client.AskAsync("delete q\r\n", "SERVER_ERROR storage failed\r\n");

        using var restarted = gateway.CutPower();
        await restarted.Connect().AskAsync("get q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
    }

    [Fact]
    public async Task S22_noreply_means_no_reply()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();

        await client.SendAsync("set q 0 0 1 noreply\r\nx\r\nset q+.+r 0 0 1 noreply\r\ny\r\nget q\r\n");

        Assert.Equal("VALUE q 0 1\r\nx\r\nEND\r\n", await client.FinishAsync());
    }

    [Fact]
    public async Task S23_a_plain_get_on_a_dead_socket_gives_the_item_back()
    {
        using var gateway = new GatewayOverPipes();
        var producer = gateway.Connect();
        await producer.AskAsync("set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n", "STORED\r\nSTORED\r\n");
        var consumer = gateway.Connect();

        await consumer.SendAsync("get q\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("q") is { ItemCount: 1 }, Patience);
        await consumer.VanishAsync();
        await consumer.Run.WaitAsync(Patience);

        await producer.AskAsync("get q\r\nget q\r\n", "VALUE q 0 1\r\n1\r\nEND\r\nVALUE q 0 1\r\n2\r\nEND\r\n");
    }

    [Fact]
    public async Task S24_reading_makes_no_queue_and_writes_nothing()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();

        await client.SendAsync(
            "get a\r\nget b/open\r\nget c/peek\r\nget d/close/open\r\nget e/abort\r\nget f/t=1\r\n"
            + "get g h\r\nflush i\r\nstats k\r\n");

        Assert.Equal(string.Concat(Enumerable.Repeat("END\r\n", 9)), await client.FinishAsync());
        Assert.Equal(0, gateway.Queues.QueueCount);
        Assert.Equal(0, gateway.Store.WriteCount);
    }

    [Fact]
    public void S25_nobody_else_is_let_in_unless_asked_for()
    {
        Assert.True(IPAddress.IsLoopback(IPEndPoint.Parse(new GatewayOptions().Listen).Address));
        Assert.True(IPAddress.IsLoopback(IPEndPoint.Parse(new AdminOptions().Listen).Address));
    }

    [Fact]
    public async Task S26_expiry_and_waits_are_honoured()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var gateway = new GatewayOverPipes(time: time);
        var (waiter, client) = (gateway.Connect(), gateway.Connect());
        await client.AskAsync("set q 0 10 1\r\nx\r\nset q 0 -1 1\r\ny\r\n", "STORED\r\nSTORED\r\n");
        await client.AskAsync("get q/peek\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n");
        time.Advance(TimeSpan.FromSeconds(10));

        await waiter.SendAsync("get q/t=1000\r\nget q/t=60000\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("q") is { WaiterCount: 1 }, Patience);
        Assert.False(waiter.HasReply());
        time.Advance(TimeSpan.FromSeconds(1));
        await waiter.ExpectAsync("END\r\n");
        await client.AskAsync("set q 0 10 1\r\nz\r\n", "STORED\r\n");
        await waiter.ExpectAsync("VALUE q 0 1\r\nz\r\nEND\r\n");
    }
}
