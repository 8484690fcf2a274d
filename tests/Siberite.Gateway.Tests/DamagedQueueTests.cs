namespace Siberite.Gateway.Tests;

/// <summary>What a client hears of a queue whose bytes cannot be read.</summary>
public sealed class DamagedQueueTests
{
    private const string Refusal = "SERVER_ERROR item unreadable\r\n";

    [Fact]
    public async Task Its_commands_are_refused_and_other_queues_serve()
    {
        using var gateway = await StartAsync();
        var client = gateway.Connect();

        await client.AskAsync("set bad 0 0 1\r\nx\r\n", Refusal);
        await client.AskAsync("get bad\r\n", Refusal);
        await client.AskAsync("get bad/open\r\n", Refusal);
        await client.AskAsync("get bad/peek\r\n", Refusal);
        await client.AskAsync("get bad/t=10\r\n", Refusal);
        await client.AskAsync("flush bad\r\n", Refusal);
        await client.AskAsync("set good+bad 0 0 4\r\nboth\r\n", Refusal);
        await client.AskAsync("get good\r\n", "VALUE good 0 1\r\nx\r\nEND\r\n");
        await client.AskAsync("get good\r\n", "END\r\n");
    }

    [Fact]
    public async Task It_shows_in_the_statistics_and_a_delete_ends_it()
    {
        using var gateway = await StartAsync();
        var client = gateway.Connect();
        var before = await StatsAsync(gateway);
        await client.AskAsync("delete bad\r\n", "DELETED\r\n");

        Assert.Contains("STAT queue_bad_unreadable 1\r\n", before, StringComparison.Ordinal);
        Assert.DoesNotContain("queue_good_unreadable", before, StringComparison.Ordinal);
        await client.AskAsync("set bad 0 0 1\r\nx\r\n", "STORED\r\n");
        Assert.DoesNotContain("unreadable", await StatsAsync(gateway), StringComparison.Ordinal);
    }

    private static async Task<string> StatsAsync(GatewayOverPipes gateway)
    {
        var client = gateway.Connect();
        await client.SendAsync("stats\r\n");
        return await client.FinishAsync();
    }

    private static async Task<GatewayOverPipes> StartAsync()
    {
        using var first = new GatewayOverPipes();
        var client = first.Connect();
        await client.AskAsync("set good 0 0 1\r\nx\r\n", "STORED\r\n");
        await client.AskAsync("set bad 0 0 1\r\nx\r\n", "STORED\r\n");
        first.Store.Damaged.Add("bad", "it was made so");
        return first.Kill();
    }
}
