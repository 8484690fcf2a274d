using System.Net.Http.Json;
using System.Text;
using Siberite.Testing;
using static Siberite.Testing.ToolRun;
using RealSilo = Siberite.Testing.Clusters.ClusterSilo;

namespace Siberite.Cluster.Tests;

/// <summary>Moves and drains by the operator's tool between real silos, with one that is killed in the middle: the same
/// command goes on.</summary>
[Trait("Category", "Slow")]
public sealed class ResumedMoveTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    /// <summary>So many that a move takes long enough to be hit in its middle.</summary>
    private const int ItemCount = 20_000;
    private const int ItemBytes = 4_000;
    private const int MaxTries = 5;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <remarks>
    /// Goal: a move that a crash of either side interrupts is never said to have succeeded, and succeeds when it is
    /// asked for again.
    /// Method: kill one of the two while items are on their way; one that was faster than the kill goes the other way.
    /// </remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_move_is_not_done_when_a_silo_dies_in_its_middle_and_is_when_repeated(bool killsSource)
    {
        var (name, home, others) = await cluster.MakeQueueAsync("resumed");
        await FillAsync(name);
        var (source, target, third) = (cluster.Silos[home], cluster.Silos[others[0]], cluster.Silos[others[1]]);
        var move = await MoveAsync(third, name, target);
        Assert.Equal(0, move.ExitCode); // So that a silo remembers a move that was done.
        (source, target) = (target, source);

        for (var tries = 0; ; tries++)
        {
            Assert.True(tries < MaxTries, "every move was faster than the kill");
            var before = await FindMoveAsync(third, name);
            var moving = MoveAsync(third, name, target);
            await UntilMovingAsync(third, name, before);
            var victim = killsSource ? source : target;
            await victim.KillAsync();
            move = await moving;
            await victim.StartAsync();
            if (move.ExitCode != 0)
            {
                break;
            }

            Assert.Contains($"{name} is on {target.Name} now", move.Output, StringComparison.Ordinal);
            (source, target) = (target, source);
        }

        Assert.Equal(1, move.ExitCode);
        var lines = LinesOf(move.Errors);
        Assert.Equal(2, lines.Length); // What it did, and why not.
        Assert.StartsWith("siberitectl: ", lines[1], StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => (move = await MoveAsync(third, name, target)).ExitCode == 0
                || move.Errors.Contains("is at home there already", StringComparison.Ordinal),
            "it is moved, once all silos know each other again", Poll.Patience);
        await AssertAllInOrderAsync(third, name);
    }

    /// <remarks>
    /// Goal: a silo that is killed while it is drained goes on when it is back, and ends up empty.
    /// Method: drain the home of a long queue, kill it while items are on their way, start it, and ask again.
    /// </remarks>
    [Fact]
    public async Task A_drain_goes_on_after_a_kill_in_its_middle()
    {
        var (name, home, others) = await cluster.MakeQueueAsync("drained");
        await FillAsync(name);
        var (leaving, third) = (cluster.Silos[home], cluster.Silos[others[1]]);

        var draining = CtlAsync("silo", "drain", leaving.Name, "--admin", $"{third.AdminEndPoint}");
        await UntilMovingAsync(third, name, before: null);
        await leaving.KillAsync();
        await draining;
        await leaving.StartAsync();
        var run = await CtlAsync("silo", "drain", leaving.Name, "--admin", $"{third.AdminEndPoint}");

        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        Assert.Contains($"{leaving.Name} is empty and may be stopped", run.Output, StringComparison.Ordinal);
        await leaving.KillAsync(); // Nothing of it is needed any more.
        await AssertAllInOrderAsync(third, name);
        await leaving.StartAsync();
        (await CtlAsync("silo", "drain", leaving.Name, "--stop", "--admin", $"{third.AdminEndPoint}"))
            .MustSucceed("telling it to stay");
    }

    private static Task<ToolRun> MoveAsync(RealSilo asked, string queue, RealSilo target)
        => CtlAsync("queue", "move", queue, "--to", target.Name, "--admin", $"{asked.AdminEndPoint}");

    private static string[] LinesOf(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Until items of a move are on their way, or all of it is over already.</summary>
    private static Task UntilMovingAsync(RealSilo asked, string queue, LatestMove? before)
        => Poll.UntilAsync(
            async () => await FindMoveAsync(asked, queue) is { } move
                && move.Move != before?.Move
                && (move.Sent > 0 || move.Step is "Done" or "Failed"),
            "items are on their way", Poll.Patience);

    private static async Task<LatestMove?> FindMoveAsync(RealSilo asked, string queue)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(
            new Uri($"http://{asked.AdminEndPoint}/api/queues/{queue}/move"), Cancellation);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<LatestMove>(Cancellation)
            : null;
    }

    private async Task FillAsync(string name)
    {
        await using var client = await WireClient.ConnectAsync(cluster.Silos[0].EndPoint, Cancellation);
        for (var first = 0; first < ItemCount; first += 500)
        {
            for (var i = first; i < first + 500; i++)
            {
                client.WriteSet(name, 0, Encoding.ASCII.GetBytes($"{i:00000}".PadRight(ItemBytes)));
            }

            await client.SendAsync(Cancellation);
            for (var i = first; i < first + 500; i++)
            {
                Assert.Equal("STORED", await client.ReadLineAsync(Cancellation));
            }
        }
    }

    private static async Task AssertAllInOrderAsync(RealSilo gateway, string name)
    {
        await using var client = await WireClient.ConnectAsync(gateway.EndPoint, Cancellation);
        await Poll.UntilAsync(
            async () => (await client.GetAsync($"{name}/peek", Cancellation)).Item is not null,
            "a gateway that last knew another home has asked anew", Poll.Patience);
        for (var first = 0; first < ItemCount; first += 500)
        {
            for (var i = first; i < first + 500; i++)
            {
                client.Write($"get {name}");
            }

            await client.SendAsync(Cancellation);
            for (var i = first; i < first + 500; i++)
            {
                var reply = await client.ReadItemAsync(Cancellation);
                Assert.True(reply.Item is not null, $"item {i}: {reply.Line}");
                Assert.Equal($"{i:00000}", Encoding.ASCII.GetString(reply.Item.Payload, 0, 5));
            }
        }

        Assert.Equal("END", (await client.GetAsync(name, Cancellation)).Line);
    }

    private sealed record LatestMove(Guid Move, string Step, long Sent);
}
