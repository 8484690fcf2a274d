using System.Text;
using System.Text.Json;
using Siberite.Testing;

namespace Siberite.Cluster.Tests;

/// <summary>A move between real silos on a real database, asked for over HTTP.</summary>
[Trait("Category", "Slow")]
public sealed class RealMoveTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    private const int ItemCount = 400;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>
    /// Goal: clients of a third silo see nothing of a move but a pause.
    /// Method: one client sets items all the time while the queue moves; then all are taken in order, and their home is
    /// asked for.
    /// </remarks>
    [Fact]
    public async Task A_queue_moves_while_a_client_sets_items_through_a_third_silo()
    {
        var (name, home, others) = await cluster.MakeQueueAsync("moved");
        var target = cluster.Silos[others[0]];
        using var admin = new HttpClient
        {
            BaseAddress = new Uri($"http://{cluster.Silos[others[1]].AdminEndPoint}/"),
        };
        admin.DefaultRequestHeaders.Add("Siberite-Operator", "test");
        var replies = new List<string>();
        var producer = Task.Run(() => ProduceAsync(others[1], name, replies), Cancellation);
        await Poll.UntilAsync(() => Task.FromResult(Count(replies) > ItemCount / 4), "items are set", Poll.Patience);

        using var begun = await admin.PostAsync(
            new Uri($"api/queues/{name}/move?to={target.Name}", UriKind.Relative), content: null, Cancellation);
        Assert.True(begun.IsSuccessStatusCode, await begun.Content.ReadAsStringAsync(Cancellation));
        await Poll.UntilAsync(
            async () => await StepAsync(admin, name) == "Done", "the queue has moved", Poll.Patience);
        await producer;

        Assert.All(replies, reply => Assert.Equal("STORED", reply));
        await cluster.Silos[home].KillAsync(); // Nothing of it is needed any more.
        await using var consumer = await WireClient.ConnectAsync(target.EndPoint, Cancellation);
        await Poll.UntilAsync(
            async () => (await consumer.GetAsync($"{name}/peek", Cancellation)).Item is not null,
            "a gateway that last knew the old home has heard that it is down, and asked anew", Poll.Patience);
        for (var i = 0; i < ItemCount; i++)
        {
            var taken = await consumer.GetAsync(name, Cancellation);
            Assert.True(taken.Item is not null, $"item {i}: {taken.Line}");
            Assert.Equal($"{i:0000}", Encoding.ASCII.GetString(taken.Item.Payload));
        }

        await cluster.Silos[home].StartAsync();
    }

    private static int Count(List<string> replies)
    {
        lock (replies)
        {
            return replies.Count;
        }
    }

    private static async Task<string?> StepAsync(HttpClient admin, string name)
    {
        var text = await admin.GetStringAsync(new Uri($"api/queues/{name}/move", UriKind.Relative), Cancellation);
        return JsonDocument.Parse(text).RootElement.GetProperty("step").GetString();
    }

    private async Task ProduceAsync(int silo, string name, List<string> replies)
    {
        await using var client = await WireClient.ConnectAsync(cluster.Silos[silo].EndPoint, Cancellation);
        for (var i = 0; i < ItemCount; i++)
        {
            var reply = await client.SetAsync(name, 0, Encoding.ASCII.GetBytes($"{i:0000}"), Cancellation);
            lock (replies)
            {
                replies.Add(reply);
            }
        }
    }
}
