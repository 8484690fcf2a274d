using System.Globalization;
using System.Net;
using System.Text.Json;
using Siberite.Server.Tests.Support;

namespace Siberite.Server.Tests;

/// <summary>Items over the admin API, on a real server.</summary>
public sealed class ItemEndpointTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly OperatorClient _admin = new(server.Process);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task A_look_shows_items_and_takes_none()
    {
        await using var client = await server.ConnectAsync();
        await client.SetAsync("seen", flags: 7, "text"u8.ToArray(), Cancellation);
        await client.SetAsync("seen", flags: 0, new byte[] { 0, 255 }, Cancellation);
        await client.SetAsync("seen", flags: 0, new byte[5_000], Cancellation);
        await client.AskAsync("set seen 0 100 0\r\n", Cancellation);
        await client.GetAsync("seen/open", Cancellation);

        var items = await ReadItemsAsync("seen");

        Assert.Equal([1, 2, 3, 4], items.Select(item => item.GetProperty("sequence").GetInt64()));
        Assert.Equal([true, false, false, false], items.Select(item => item.GetProperty("isOpen").GetBoolean()));
        Assert.Equal(("text", 7), (items[0].GetProperty("text").GetString(), items[0].GetProperty("flags").GetInt32()));
        Assert.Equal(JsonValueKind.Null, items[1].GetProperty("text").ValueKind);
        Assert.Equal([0, 255], items[1].GetProperty("payload").GetBytesFromBase64());
        Assert.Equal(
            (5_000, true), (items[2].GetProperty("bytes").GetInt32(), items[2].GetProperty("isCut").GetBoolean()));
        Assert.Equal(1_024, items[2].GetProperty("payload").GetBytesFromBase64().Length);
        var enqueued = items[3].GetProperty("enqueuedAt").GetDateTimeOffset();
        Assert.InRange(
            items[3].GetProperty("expiresAt").GetDateTimeOffset() - enqueued, TimeSpan.FromSeconds(98),
            TimeSpan.FromSeconds(101));
        Assert.Equal(new byte[] { 0, 255 }, (await client.GetAsync("seen/peek", Cancellation)).Item!.Payload);
    }

    [Fact]
    public async Task Pages_follow_each_other_over_closed_items_to_the_end()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 25; i++)
        {
            await client.SetAsync("leafed", flags: 0, Bytes(i), Cancellation);
        }

        await client.GetAsync("leafed", Cancellation);
        await client.GetAsync("leafed", Cancellation);
        var seen = new List<string>();
        string? next = null;
        do
        {
            var from = next is null ? "" : $"&from={next}";
            var page = await _admin.DoAsync("GET", $"api/queues/leafed/items?whole=true&count=10{from}");
            seen.AddRange(page.GetProperty("items").EnumerateArray()
                .Select(item => item.GetProperty("payload").GetBytesFromBase64())
                .Select(System.Text.Encoding.ASCII.GetString));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);

        Assert.Equal(Enumerable.Range(2, 23).Select(i => i.ToString(CultureInfo.InvariantCulture)), seen);
    }

    [Fact]
    public async Task Items_are_appended_in_order_up_to_a_limit_of_the_queue()
    {
        await _admin.DoAsync("POST", "api/queues/filled", """{ "MaxItems": 2 }""");

        var report = await _admin.DoAsync(
            "POST", "api/queues/filled/items",
            """{ "items": [ { "payload": "MQ==", "flags": 9 }, { "payload": "" }, { "payload": "Mw==" } ] }""");

        Assert.Equal(2, report.GetProperty("stored").GetInt32());
        Assert.Contains("takes no more", report.GetProperty("trouble").GetString(), StringComparison.Ordinal);
        await using var client = await server.ConnectAsync();
        var first = (await client.GetAsync("filled", Cancellation)).Item!;
        Assert.Equal((9u, "1"), (first.Flags, System.Text.Encoding.ASCII.GetString(first.Payload)));
        Assert.Empty((await client.GetAsync("filled", Cancellation)).Item!.Payload);
    }

    [Theory]
    [InlineData("""{ "items": [] }""", "'items' must have 1 to 1000 items.")]
    [InlineData("""{ }""", "'items' must have 1 to 1000 items.")]
    [InlineData("""{ "items": [ { "payload": "?" } ] }""", "The body cannot be read: ")]
    [InlineData("""{ "items": [ { } ] }""", "Every item must have a payload of at most ")]
    [InlineData("""{ "items": [ null ] }""", "Every item must have a payload of at most ")]
    [InlineData("null", "The body is null.")]
    public async Task Items_that_make_no_sense_are_refused_and_none_is_stored(string json, string reason)
    {
        await _admin.AskAsync("POST", "api/queues/unfilled");

        var answer = await _admin.AskAsync("POST", "api/queues/unfilled/items", json);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(reason, answer.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await _admin.DoAsync("GET", "api/queues/unfilled")).GetProperty("items").GetInt64());
    }

    [Theory]
    [InlineData("items?count=0", "'count' must be 1 to 1000.")]
    [InlineData("items?count=1001", "'count' must be 1 to 1000.")]
    [InlineData("items?cut=-1", "'cut' must be 1 to ")]
    [InlineData("items?from=1", "'from' must be the 'next' of an earlier answer.")]
    [InlineData("items?from=00000000000000000000000000000000:-1", "'from' must be the 'next' of an earlier answer.")]
    public async Task A_look_that_makes_no_sense_is_refused(string path, string reason)
    {
        await _admin.AskAsync("POST", "api/queues/unseen");

        var answer = await _admin.AskAsync("GET", $"api/queues/unseen/{path}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(reason, answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redrive_moves_the_oldest_items_with_flags_and_expiry_also_of_a_paused_queue()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            await client.AskAsync($"set failed {i} {(i == 1 ? 100 : 0)} 1\r\n{i}", Cancellation);
        }

        await _admin.DoAsync("POST", "api/queues/failed/pause");
        await _admin.DoAsync("POST", "api/queues/mended");

        var part = await _admin.DoAsync("POST", "api/queues/failed/redrive?to=mended&count=2");
        Assert.Equal((2, false), (part.GetProperty("moved").GetInt32(), part.GetProperty("isOver").GetBoolean()));
        var rest = await _admin.DoAsync("POST", "api/queues/failed/redrive?to=mended");
        Assert.Equal((3, true), (rest.GetProperty("moved").GetInt32(), rest.GetProperty("isOver").GetBoolean()));

        var items = await ReadItemsAsync("mended");
        Assert.Equal([0, 1, 2, 3, 4], items.Select(item => item.GetProperty("flags").GetInt32()));
        Assert.Equal(["0", "1", "2", "3", "4"], items.Select(item => item.GetProperty("text").GetString()));
        Assert.Equal(
            [false, true, false, false, false],
            items.Select(item => item.GetProperty("expiresAt").ValueKind == JsonValueKind.String));
        Assert.Equal(0, (await _admin.DoAsync("GET", "api/queues/failed")).GetProperty("items").GetInt64());
    }

    [Fact]
    public async Task A_redrive_into_a_full_queue_leaves_the_rest_where_it_was()
    {
        await using var client = await server.ConnectAsync();
        for (var i = 0; i < 4; i++)
        {
            await client.SetAsync("many", flags: 0, Bytes(i), Cancellation);
        }

        await _admin.DoAsync("POST", "api/queues/narrow", """{ "MaxItems": 1 }""");

        var report = await _admin.DoAsync("POST", "api/queues/many/redrive?to=narrow");

        Assert.Equal((1, true), (report.GetProperty("moved").GetInt32(), report.GetProperty("isOver").GetBoolean()));
        Assert.Contains("takes no more", report.GetProperty("trouble").GetString(), StringComparison.Ordinal);
        for (var i = 1; i < 4; i++)
        {
            Assert.Equal(Bytes(i), (await client.GetAsync("many", Cancellation)).Item!.Payload);
        }
    }

    [Fact]
    public async Task A_queue_is_not_redriven_into_itself()
    {
        await _admin.AskAsync("POST", "api/queues/round");

        var answer = await _admin.AskAsync("POST", "api/queues/round/redrive?to=round");

        Assert.Equal("A queue cannot be redriven into itself.", answer.Detail);
    }

    private async Task<List<JsonElement>> ReadItemsAsync(string queue)
        => [.. (await _admin.DoAsync("GET", $"api/queues/{queue}/items")).GetProperty("items").EnumerateArray()];

    private static byte[] Bytes(int number)
        => System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
