using System.Net;
using System.Text.RegularExpressions;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>The admin endpoint of a real server.</summary>
public sealed partial class AdminTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly AdminClient _admin = new(server.Process);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _admin.Dispose();

    [Theory]
    [InlineData("healthz", "healthy\n")]
    [InlineData("readyz", "ready\n")]
    public async Task A_server_that_serves_is_healthy_and_ready(string path, string expected)
    {
        using var response = await _admin.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task The_list_of_queues_counts_what_the_wire_did()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("listed", flags: 0, "12345"u8.ToArray(), Cancellation);
        await client.SetAsync("listed", flags: 0, "678"u8.ToArray(), Cancellation);
        await client.GetAsync("listed/open", Cancellation);

        await Poll.UntilAsync(
            async () =>
            {
                var report = await _admin.GetQueuesAsync("?filter=listed");
                return report.GetProperty("queues").EnumerateArray().SingleOrDefault() is
                { ValueKind: System.Text.Json.JsonValueKind.Object } queue
                    && queue.GetProperty("items").GetInt64() == 1
                    && queue.GetProperty("bytes").GetInt64() == 3
                    && queue.GetProperty("openReads").GetInt32() == 1;
            },
            "the list has the queue", Poll.Patience);

        var silo = (await _admin.GetQueuesAsync()).GetProperty("silo");
        Assert.Equal("1.0.0", silo.GetProperty("version").GetString());
        Assert.Equal("Always", silo.GetProperty("durability").GetString());
        Assert.Equal(server.Process.DataDirectory, silo.GetProperty("dataDirectory").GetString());
        Assert.True(silo.GetProperty("freeBytes").GetInt64() > 0);
        Assert.True(silo.GetProperty("connections").GetInt64() >= 1);
    }

    [Fact]
    public async Task A_thousand_queues_show_the_first_five_hundred()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 1_000; i++)
        {
            client.WriteSet($"many-{i:0000}", flags: 0, "x"u8);
        }

        client.WriteSet("many-0777", flags: 0, "x"u8);
        await client.SendAsync(Cancellation);
        for (var i = 0; i < 1_001; i++)
        {
            Assert.Equal("STORED", await client.ReadLineAsync(Cancellation));
        }

        await Poll.UntilAsync(
            async () => (await _admin.GetQueuesAsync("?filter=many-")).GetProperty("matching").GetInt32() == 1_000,
            "all queues are seen", Poll.Patience);
        var report = await _admin.GetQueuesAsync("?filter=MANY-");
        var page = await _admin.GetTextAsync("?filter=many-");

        Assert.Equal(500, report.GetProperty("queues").GetArrayLength());
        Assert.Equal("many-0777", report.GetProperty("queues")[0].GetProperty("name").GetString());
        Assert.Contains("The first 500 of 1,000 queues are shown.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_those_of_the_page_about_metrics()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 5; i++) // More than other tests' queues have, to be among those with series.
        {
            await client.SetAsync("measured", flags: 0, "12345"u8.ToArray(), Cancellation);
        }

        var page = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "infra", "docs", "metrics.md"), Cancellation);
        var documented = DocumentedMetric().Matches(page).Select(match => match.Groups[1].Value);

        await Poll.UntilAsync(
            async () => (await _admin.GetTextAsync("metrics"))
                .Contains("siberite_queue_items{queue=\"measured\",silo=\"siberite-", StringComparison.Ordinal),
            "the queue has a series", Poll.Patience);
        var metrics = await _admin.GetTextAsync("metrics");
        var found = FoundMetric().Matches(metrics).Select(match => match.Groups[1].Value).Distinct();

        Assert.Equal(documented.Order(), found.Order());
        Assert.Matches("\nsiberite_silo_ready{silo=\"siberite-[0-9a-f]{8}\"} 1\n", metrics);
        Assert.Matches("\nsiberite_store_failed{silo=\"siberite-[0-9a-f]{8}\"} 0\n", metrics);
        Assert.Contains("process_working_set_bytes{silo=", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_collection_count_total", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Series_are_as_many_as_the_settings_allow()
    {
        using var directory = new TemporaryDirectory();
        await using var own = await ServerProcess.StartAsync(
            directory["data"], "--Siberite:Admin:MaxMetricQueues=2");
        await using var client = await WireClient.ConnectAsync(own.EndPoint, Cancellation);
        foreach (var (queue, count) in new[] { ("few", 1), ("some", 2), ("many", 3) })
        {
            for (var i = 0; i < count; i++)
            {
                await client.SetAsync(queue, flags: 0, "x"u8.ToArray(), Cancellation);
            }
        }

        using var admin = new AdminClient(own);
        await Poll.UntilAsync(
            async () => (await admin.GetTextAsync("metrics")).Contains("\nsiberite_items{", StringComparison.Ordinal)
                && (await admin.GetTextAsync("metrics")).Contains("queue=\"many\"", StringComparison.Ordinal),
            "there are series", Poll.Patience);
        var metrics = await admin.GetTextAsync("metrics");

        Assert.Contains("siberite_queue_items{queue=\"some\"", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("queue=\"few\"", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Items_that_are_only_in_memory_are_told_by_their_bytes()
    {
        using var directory = new TemporaryDirectory();
        await using var own = await ServerProcess.StartAsync(
            directory["data"], "--Siberite:Queues:brief:KeepJournal=false");
        await using var client = await WireClient.ConnectAsync(own.EndPoint, Cancellation);
        using var admin = new AdminClient(own);
        Assert.Matches("\nsiberite_memory_queue_bytes{.*} 0\n", await admin.GetTextAsync("metrics"));

        await client.SetAsync("brief", flags: 0, new byte[1000], Cancellation);

        await Poll.UntilAsync(
            async () => MemoryQueueBytes().IsMatch(await admin.GetTextAsync("metrics")),
            "the item's bytes and something for itself", Poll.Patience);
    }

    [Fact]
    public async Task Series_end_with_their_queue()
    {
        const string series = "siberite_queue_items{queue=\"fleeting\",";
        await using var client = await server.ConnectAsync();
        await client.SetAsync("fleeting", flags: 0, "x"u8.ToArray(), Cancellation);
        await client.SetAsync("fleeting", flags: 0, "x"u8.ToArray(), Cancellation);
        await Poll.UntilAsync(
            async () => (await _admin.GetTextAsync("metrics")).Contains(series, StringComparison.Ordinal),
            "the queue has a series", Poll.Patience);

        Assert.Equal("DELETED", await client.AskAsync("delete fleeting", Cancellation));

        await Poll.UntilAsync(
            async () => !(await _admin.GetTextAsync("metrics")).Contains("fleeting", StringComparison.Ordinal),
            "the series is gone", Poll.Patience);
    }

    [Theory]
    [InlineData("")]
    [InlineData("api/queues")]
    [InlineData("metrics")]
    [InlineData("healthz")]
    [InlineData("queues.js")]
    [InlineData("nothing/here")]
    public async Task Every_answer_forbids_what_it_does_not_need(string path)
    {
        using var response = await _admin.GetAsync(path);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("POST", "api/queues")]
    [InlineData("DELETE", "api/queues")]
    [InlineData("PUT", "")]
    [InlineData("OPTIONS", "api/queues")]
    [InlineData("POST", "dashboard/")]
    public async Task Nothing_can_be_changed(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("x") };
        using var response = await _admin.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    /// <remarks>Another site's page can have its own name resolve to this machine; then its requests carry that
    /// name.</remarks>
    [Theory]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost", HttpStatusCode.OK)]
    public async Task On_loopback_only_own_names_are_served(string host, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/queues") { Headers = { Host = host } };
        using var response = await _admin.SendAsync(request);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task The_dashboard_of_Orleans_is_there()
    {
        var page = await _admin.GetTextAsync("dashboard/");

        Assert.Contains("Orleans Dashboard", page, StringComparison.Ordinal);
        var types = await _admin.GetTextAsync("dashboard/GrainTypes");
        Assert.Contains("QueueDirectoryGrain", types, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\nsiberite_memory_queue_bytes{.*} 1[0-9]{3}\n")]
    private static partial Regex MemoryQueueBytes();

    [GeneratedRegex(@"^\| `(siberite_\w+)`", RegexOptions.Multiline)]
    private static partial Regex DocumentedMetric();

    [GeneratedRegex(@"^(siberite_\w+)", RegexOptions.Multiline)]
    private static partial Regex FoundMetric();
}
