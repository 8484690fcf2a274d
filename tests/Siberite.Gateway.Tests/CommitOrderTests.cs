using Siberite.Contracts;

namespace Siberite.Gateway.Tests;

public sealed class CommitOrderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_later_command_takes_effect_while_an_earlier_one_waits_for_its_sync()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        using var sync = gateway.Store.BlockNextSync();
        var client = gateway.Connect();

        await client.SendAsync("set a 0 0 1\r\nx\r\n");
        await sync.Reached.WaitAsync(Patience);
        await client.SendAsync("set b 0 0 1\r\ny\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("b") is { ItemCount: 1 }, Patience);

        Assert.Equal(1, gateway.Stats("b")!.ItemCount);
        Assert.False(client.HasReply());
        sync.Open();
        await client.ExpectAsync("STORED\r\nSTORED\r\n");
    }

    [Fact]
    public async Task No_reply_shows_an_item_that_is_not_synced_yet()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        using var sync = gateway.Store.BlockNextSync();
        var producer = gateway.Connect();
        var consumer = gateway.Connect();

        await producer.SendAsync("set a 0 0 1\r\nx\r\n");
        await sync.Reached.WaitAsync(Patience);
        await consumer.SendAsync("get a\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("a") is { ItemCount: 0 }, Patience);

        Assert.Equal(0, gateway.Stats("a")!.ItemCount);
        Assert.False(consumer.HasReply());
        sync.Open();
        await consumer.ExpectAsync("VALUE a 0 1\r\nx\r\nEND\r\n");
        await producer.ExpectAsync("STORED\r\n");
    }

    [Fact]
    public async Task Defect_K5_nothing_is_acknowledged_after_a_failed_sync()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        gateway.Store.FailSync(nth: 1);
        var client = gateway.Connect();

        await client.AskAsync("set a 0 0 1\r\nx\r\n", "SERVER_ERROR storage failed\r\n");
        await client.AskAsync("set a 0 0 1\r\ny\r\n", "SERVER_ERROR storage failed\r\n");
        await client.AskAsync("get a\r\n", "SERVER_ERROR storage failed\r\n");
        Assert.True(gateway.Queues.Commits.HasFailed);
        Assert.Equal(1, gateway.Store.SyncCount);
    }

    [Fact]
    public async Task A_failed_write_refuses_the_set_under_every_policy()
    {
        foreach (var durability in Enum.GetValues<Durability>())
        {
            using var gateway = new GatewayOverPipes(durability);
            gateway.Store.FailWrite(nth: 1);
            var client = gateway.Connect();

            await client.AskAsync("set a 0 0 1\r\nx\r\n", "SERVER_ERROR storage failed\r\n");
            await client.AskAsync("version\r\n", $"VERSION {GatewayParts.Version}\r\n");
        }
    }

    [Fact]
    public async Task Darner_sync_waits_for_the_disk_whatever_the_policy()
    {
        using var gateway = new GatewayOverPipes(Durability.Os);
        using var sync = gateway.Store.BlockNextSync();
        var client = gateway.Connect();

        await client.AskAsync("set a 0 0 1\r\nx\r\n", "STORED\r\n");
        await client.SendAsync("set a/sync 0 0 1\r\ny\r\n");
        await sync.Reached.WaitAsync(Patience);

        Assert.False(client.HasReply());
        sync.Open();
        await client.ExpectAsync("STORED\r\n");
        Assert.Equal(0, gateway.Store.UnsyncedBatchCount);
    }

    [Fact]
    public async Task A_full_disk_refuses_sets_and_serves_everything_else()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.AskAsync("set a 0 0 1\r\nx\r\n", "STORED\r\n");

        gateway.Store.HasRoom = false;
        await client.AskAsync("set a 0 0 1\r\ny\r\n", "SERVER_ERROR disk full\r\n");
        await client.AskAsync("set a+b 0 0 1\r\ny\r\n", "SERVER_ERROR disk full\r\n");
        await client.AskAsync("get a/open\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n");
        await client.AskAsync("get a/close\r\n", "END\r\n");
        gateway.Store.HasRoom = true;
        await client.AskAsync("set a 0 0 1\r\nz\r\n", "STORED\r\n");
    }
}
