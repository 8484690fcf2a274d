using Siberite.Contracts;

namespace Siberite.Gateway.Tests.Defects;

/// <summary>Kestrel's defects, held against this server. infra/docs/defects.md tells the stories.</summary>
public sealed class KestrelDefectTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task K6_stored_means_on_disk_unless_asked_otherwise()
    {
        Assert.Equal(Durability.Always, new StorageOptions().Durability);
        using var gateway = new GatewayOverPipes(new StorageOptions().Durability);
        using var sync = gateway.Store.BlockNextSync();
        var client = gateway.Connect();

        await client.SendAsync("set q 0 0 1\r\nx\r\n");
        await sync.Reached.WaitAsync(Patience);

        Assert.False(client.HasReply());
        sync.Open();
        await client.ExpectAsync("STORED\r\n");
        Assert.Equal(0, gateway.Store.UnsyncedBatchCount);
    }

    /// <remarks>Not even a look at it, nor a wait that it ended.</remarks>
    [Fact]
    public async Task K7_an_item_is_seen_by_nobody_before_it_is_on_disk()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var (producer, looker, waiter) = (gateway.Connect(), gateway.Connect(), gateway.Connect());
        await waiter.SendAsync("get q/open/t=20000\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("q") is { WaiterCount: 1 }, Patience);
        using var sync = gateway.Store.BlockNextSync();
        await producer.SendAsync("set q+r 0 0 1\r\nx\r\n");
        await sync.Reached.WaitAsync(Patience);
        await looker.SendAsync("get r/peek\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("q") is { OpenReadCount: 1 }, Patience);

        Assert.False(waiter.HasReply() || looker.HasReply() || producer.HasReply());
        gateway.Store.FailSync(nth: 1);
        sync.Open();
        foreach (var client in new[] { producer, looker, waiter })
        {
            await client.ExpectAsync("SERVER_ERROR storage failed\r\n");
        }
    }

    [Fact]
    public async Task K8_a_server_whose_store_failed_can_be_stopped()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var (client, waiter) = (gateway.Connect(), gateway.Connect());
        await waiter.SendAsync("get r/t=20000\r\n");
        SpinWait.SpinUntil(() => gateway.Stats("r") is { WaiterCount: 1 }, Patience);
        gateway.Store.FailWrite(nth: 1);
        await client.AskAsync("set q 0 0 1\r\nx\r\n", "SERVER_ERROR storage failed\r\n");

        client.Session.Stop();
        waiter.Session.Stop();
        await waiter.ExpectAsync("SERVER_ERROR storage failed\r\n"); // Nobody knows whether it is empty.

        await Task.WhenAll(client.Run, waiter.Run).WaitAsync(Patience);
        await Task.Run(gateway.Queues.Dispose).WaitAsync(Patience);
    }

    /// <remarks>Method: the power goes while the one sync for all copies is under way.</remarks>
    [Fact]
    public async Task K11_a_set_to_several_queues_is_one_write_for_all()
    {
        using var gateway = new GatewayOverPipes(Durability.Always);
        var client = gateway.Connect();
        await client.AskAsync("set a+b+c 0 0 1\r\n1\r\n", "STORED\r\n");
        Assert.Equal((1, 1), (gateway.Store.WriteCount, gateway.Store.SyncCount));
        using var sync = gateway.Store.BlockNextSync();
        await client.SendAsync("set a+b+c 0 0 1\r\n2\r\n");
        await sync.Reached.WaitAsync(Patience);
        Assert.Equal(1, gateway.Store.UnsyncedBatchCount);

        using var restarted = gateway.CutPower();
        sync.Open();
        await restarted.Connect().AskAsync(
            "get a b c\r\nget a b c\r\n",
            "VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n1\r\nVALUE c 0 1\r\n1\r\nEND\r\nEND\r\n");
    }

    [Fact]
    public async Task K12_clients_cannot_administer_the_server_and_items_have_a_largest_size()
    {
        using var gateway = new GatewayOverPipes();
        var client = gateway.Connect();
        await client.AskAsync("shutdown\r\n", "ERROR\r\n");
        await client.AskAsync("status readonly\r\n", "CLIENT_ERROR status not allowed\r\n");
        await client.AskAsync("reload\r\n", "CLIENT_ERROR reload not allowed\r\n");
        var tooLarge = new GatewayOptions().MaxItemBytes + 1;
        Assert.InRange(tooLarge, 1, GatewayOptions.MaxItemBytesLimit);
        await client.SendAsync($"set q 0 0 {tooLarge}\r\n");
        await client.SendAsync(new byte[tooLarge]);
        await client.AskAsync("\r\n", "SERVER_ERROR object too large for cache\r\n");
    }
}
