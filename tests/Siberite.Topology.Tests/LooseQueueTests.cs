using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary>Loose queues on real silos. That they lose nothing and keep the order of each shard under faults is checked
/// where real silos are killed and cut off.</summary>
[Trait("Category", "Slow")]
public sealed class LooseQueueTests(Database database)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>
    /// Goal: one name over all silos: items stay where they are set, waits wake for those of other silos, a silo that
    /// joins takes part at once, one that dies takes its own items away and brings them back, and stats sum it all.
    /// Method: two silos, then a third; each is told apart by the items that it alone has.
    /// </remarks>
    [Fact]
    public async Task A_loose_queue_spans_the_silos_that_are_there()
    {
        await using var cluster = new ClusterOfProcesses(
            await database.Server.CreateClusterDatabaseAsync(), 2, "--Siberite:Queues:loose*:Mode=Loose",
            "--Siberite:Cluster:Membership=Fast");
        await cluster.StartAsync();
        await using var one = await ConnectAsync(cluster[0]);
        await using var two = await ConnectAsync(cluster[1]);

        var wait = two.GetAsync("loose/t=600000", Cancellation);
        await UntilAsync(one, "stats cluster", "waiters", 1);
        await SetAsync(one, "for whoever waits");
        Assert.Equal("for whoever waits", TextOf(await wait));

        var guest = cluster.Add();
        await guest.StartAsync();
        await using var three = await ConnectAsync(guest);
        wait = three.GetAsync("loose/t=600000", Cancellation);
        await UntilAsync(one, "stats cluster", "waiters", 1);
        await SetAsync(one, "for the new one");
        Assert.Equal("for the new one", TextOf(await wait));

        WireClient[] clients = [one, two, three];
        for (var silo = 0; silo < clients.Length; silo++)
        {
            for (var item = 0; item <= silo; item++)
            {
                await SetAsync(clients[silo], $"{silo}-{item}");
            }
        }

        foreach (var (client, items) in clients.Zip((int[])[1, 2, 3]))
        {
            await UntilAsync(client, "stats silo", "items", items);
            await UntilAsync(client, "stats cluster", "items", 6);
        }

        await guest.KillAsync();
        string[] left = [await TakeAsync(one), await TakeAsync(one), await TakeAsync(one)];
        Assert.Equal(["0-0", "1-0", "1-1"], left);
        Assert.Equal("END", (await one.GetAsync("loose", Cancellation)).Line);
        await guest.StartAsync();
        Assert.Equal("2-0", TextOf(await one.GetAsync("loose/t=600000", Cancellation)));
        Assert.Equal("2-1", TextOf(await two.GetAsync("loose/t=600000", Cancellation)));
        await using var again = await ConnectAsync(guest);
        Assert.Equal("2-2", await TakeAsync(again));
        await UntilAsync(two, "stats cluster", "items", 0);
    }

    private static Task<WireClient> ConnectAsync(ClusterSilo silo)
        => WireClient.ConnectAsync(silo.EndPoint, Cancellation);

    private static async Task SetAsync(WireClient client, string text)
        => Assert.Equal(
            "STORED", await client.SetAsync("loose", 0, System.Text.Encoding.ASCII.GetBytes(text), Cancellation));

    private static async Task<string> TakeAsync(WireClient client)
        => TextOf(await client.GetAsync("loose", Cancellation));

    private static string TextOf(WireReply reply)
        => reply.Item is { } item ? System.Text.Encoding.ASCII.GetString(item.Payload) : reply.Line;

    private static Task UntilAsync(WireClient client, string command, string figure, int value)
        => Poll.UntilAsync(
            async () =>
            {
                var seen = false;
                for (var line = await client.AskAsync(command, Cancellation); line != "END";
                    line = await client.ReadLineAsync(Cancellation))
                {
                    seen |= line == $"STAT queue_loose_{figure} {value}";
                }

                return seen;
            },
            $"{command} has {figure} {value}", Poll.Patience);
}
