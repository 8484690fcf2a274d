using System.Net;
using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>Queues over the admin API, on a real server: what is done, and what is refused.</summary>
public sealed class QueueEndpointTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly OperatorClient _admin = new(server.Process);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task A_queue_that_is_made_lasts_without_items_and_can_be_made_once()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await _admin.AskAsync("POST", "api/queues/made")).Status);

        var again = await _admin.AskAsync("POST", "api/queues/made");
        Assert.Equal(HttpStatusCode.Conflict, again.Status);
        Assert.Equal("There is a queue made already.", again.Detail);
        var report = await _admin.DoAsync("GET", "api/queues/made");
        Assert.Equal("Strict", report.GetProperty("mode").GetString());
        Assert.Equal(0, Assert.Single(report.GetProperty("homes").EnumerateArray()).GetProperty("items").GetInt64());
    }

    [Fact]
    public async Task A_queue_can_be_made_loose()
    {
        await _admin.DoAsync("POST", "api/queues/made-loose", """{ "mode": "Loose", "MaxItems": 1 }""");

        Assert.Equal("Loose", (await _admin.DoAsync("GET", "api/queues/made-loose")).GetProperty("mode").GetString());
        Assert.Equal("STORED", await SetAsync("made-loose", "1"));
        Assert.Equal("NOT_STORED", await SetAsync("made-loose", "2"));
        var settings = await SettingsAsync("made-loose");
        Assert.Equal(("Loose", "runTime"), settings["Mode"]);
    }

    [Fact]
    public async Task One_queue_shows_what_the_wire_did()
    {
        await using var client = await server.ConnectAsync();
        await SetAsync("shown", "12345");
        await SetAsync("shown", "678");
        await client.GetAsync("shown/open", Cancellation);

        var report = await _admin.DoAsync("GET", "api/queues/shown");

        var home = Assert.Single(report.GetProperty("homes").EnumerateArray());
        Assert.Equal((1, 3), (report.GetProperty("items").GetInt64(), report.GetProperty("bytes").GetInt64()));
        Assert.Equal(1, home.GetProperty("openReads").GetInt32());
        Assert.Equal(2, home.GetProperty("appended").GetInt64());
        Assert.StartsWith("siberite-", home.GetProperty("silo").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_can_be_paged()
    {
        for (var i = 0; i < 5; i++)
        {
            await _admin.DoAsync("POST", $"api/queues/paged-{i}");
        }

        await Poll.UntilAsync(
            async () =>
            {
                var found = await _admin.DoAsync("GET", "api/queues?filter=paged-");
                return found.GetProperty("matching").GetInt32() == 5;
            },
            "the list has them all", Poll.Patience);
        var page = await _admin.DoAsync("GET", "api/queues?filter=paged-&sort=name&order=asc&skip=2&take=2");

        Assert.Equal(
            ["paged-2", "paged-3"],
            page.GetProperty("queues").EnumerateArray().Select(row => row.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_purge_drops_what_waits_and_a_deletion_everything()
    {
        await using var client = await server.ConnectAsync();
        await SetAsync("dropped", "1");
        await SetAsync("dropped", "2");
        await client.GetAsync("dropped/open", Cancellation);

        await _admin.DoAsync("POST", "api/queues/dropped/purge");
        Assert.Null((await client.GetAsync("dropped/peek", Cancellation)).Item);
        await client.GetAsync("dropped/abort", Cancellation);
        Assert.NotNull((await client.GetAsync("dropped/peek", Cancellation)).Item);

        await _admin.DoAsync("DELETE", "api/queues/dropped");
        Assert.Null((await client.GetAsync("dropped/peek", Cancellation)).Item);
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.AskAsync("GET", "api/queues/dropped")).Status);
    }

    [Fact]
    public async Task A_paused_queue_takes_sets_and_refuses_reads_until_it_is_resumed()
    {
        await using var client = await server.ConnectAsync();
        await using var waiting = await server.ConnectAsync();
        await SetAsync("halted", "1");
        await client.GetAsync("halted/open", Cancellation);
        waiting.Write("get halted/t=60000");
        await waiting.SendAsync(Cancellation);
        await UntilWaitingAsync("halted");

        await _admin.DoAsync("POST", "api/queues/halted/pause");

        Assert.Equal("SERVER_ERROR queue paused", await waiting.ReadLineAsync(Cancellation));
        Assert.Equal("STORED", await SetAsync("halted", "2"));
        foreach (var key in (string[])["halted", "halted/t=1000"])
        {
            Assert.Equal("SERVER_ERROR queue paused", (await waiting.GetAsync(key, Cancellation)).Line);
        }

        Assert.True((await _admin.DoAsync("GET", "api/queues/halted")).GetProperty("isPaused").GetBoolean());
        Assert.Equal("END", (await client.GetAsync("halted/close", Cancellation)).Line);

        await _admin.DoAsync("POST", "api/queues/halted/resume");
        Assert.Equal("2"u8.ToArray(), (await client.GetAsync("halted", Cancellation)).Item!.Payload);
    }

    [Fact]
    public async Task Settings_count_at_once_and_say_where_they_come_from()
    {
        await SetAsync("told", "1");

        await _admin.DoAsync("PATCH", "api/queues/told/settings", """{ "maxitems": 1, "Paused": "false" }""");

        Assert.Equal("NOT_STORED", await SetAsync("told", "2"));
        var settings = await SettingsAsync("told");
        Assert.Equal(("1", "runTime"), settings["MaxItems"]);
        Assert.Equal(("0", "default"), settings["MaxBytes"]);

        await _admin.DoAsync("PATCH", "api/queues/told/settings", """{ "MaxItems": null }""");
        Assert.Equal("STORED", await SetAsync("told", "2"));
        Assert.Equal(("False", "runTime"), (await SettingsAsync("told"))["Paused"]);

        await _admin.DoAsync("PUT", "api/queues/told/settings", """{ "MaxItems": 2 }""");
        Assert.Equal("NOT_STORED", await SetAsync("told", "3"));
        Assert.Equal(("False", "default"), (await SettingsAsync("told"))["Paused"]);

        await _admin.DoAsync("DELETE", "api/queues/told/settings");
        Assert.Equal("STORED", await SetAsync("told", "3"));
        Assert.Equal(("0", "default"), (await SettingsAsync("told"))["MaxItems"]);
    }

    [Theory]
    [InlineData("""{ "MaxItems": 1, "MaxBytes": -1 }""", "Siberite:Queues:kept:MaxBytes is -1: must be 0 to ")]
    [InlineData("""{ "MaxItems": "many" }""", "Siberite:Queues:kept:MaxItems is 'many': must be a whole number")]
    [InlineData("""{ "MaxItem": 1 }""", "unknown setting Siberite:Queues:kept:MaxItem")]
    [InlineData("""{ "Mode": "Loose" }""", "Siberite:Queues:kept:Mode counts when a queue is created")]
    [InlineData("""{ "MaxItems": { } }""", "MaxItems must be a text, a number, true, false or null.")]
    [InlineData("""{ "MaxItems": 1, "maxitems": 2 }""", "maxitems is given twice.")]
    [InlineData("no json", "The body cannot be read: ")]
    [InlineData("[]", "The body cannot be read: ")]
    public async Task What_makes_no_sense_is_refused_whole(string json, string reason)
    {
        await SetAsync("kept", "1");
        await _admin.DoAsync("PUT", "api/queues/kept/settings", """{ "MaxItems": 100, "MaxItemBytes": 50 }""");

        foreach (var method in (string[])["PUT", "PATCH"])
        {
            var answer = await _admin.AskAsync(method, "api/queues/kept/settings", json);
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains(reason, answer.Detail, StringComparison.Ordinal);
        }

        var settings = await SettingsAsync("kept");
        Assert.Equal(("100", "50"), (settings["MaxItems"].Value, settings["MaxItemBytes"].Value));
    }

    [Theory]
    [InlineData("GET", "api/queues/nowhere", 404, "There is no queue nowhere.")]
    [InlineData("DELETE", "api/queues/nowhere", 404, "There is no queue nowhere.")]
    [InlineData("POST", "api/queues/nowhere/purge", 404, "There is no queue nowhere.")]
    [InlineData("POST", "api/queues/nowhere/pause", 404, "There is no queue nowhere.")]
    [InlineData("POST", "api/queues/nowhere/resume", 404, "There is no queue nowhere.")]
    [InlineData("GET", "api/queues/nowhere/settings", 404, "There is no queue nowhere.")]
    [InlineData("DELETE", "api/queues/nowhere/settings", 404, "There is no queue nowhere.")]
    [InlineData("GET", "api/queues/nowhere/items", 404, "There is no queue nowhere.")]
    [InlineData("POST", "api/queues/nowhere/redrive?to=never", 404, "There is no queue nowhere, or no queue never.")]
    [InlineData("POST", "api/queues/bad%20name", 400, "The queue name is not legal.")]
    [InlineData("DELETE", "api/queues/a+b", 404, "There is no queue a+b.")]
    [InlineData("DELETE", "api/queues/a+b+c", 400, "The queue name is not legal.")]
    [InlineData("GET", "api/queues?take=501", 400, "'take' must be 0 to 500")]
    [InlineData("GET", "api/queues?take=many", 400, "A parameter or the body cannot be read.")]
    [InlineData("GET", "api/no/such/path", 404, "There is no such path.")]
    [InlineData("PUT", "api/queues/nowhere", 405, "The path is not for that method")]
    public async Task What_cannot_be_done_is_a_problem_with_its_reason(
        string method, string path, int status, string reason)
    {
        var answer = await _admin.AskAsync(method, path);

        Assert.Equal(status, (int)answer.Status);
        Assert.Contains(reason, answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_kind_or_size_is_refused()
    {
        await SetAsync("kept", "1");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Process.AdminEndPoint}/") };
        http.DefaultRequestHeaders.Add("Siberite-Operator", "test");

        using var form = new StringContent("MaxItems=1", mediaType: new("application/x-www-form-urlencoded"));
        using var asForm =
            await http.PutAsync(
            new Uri("api/queues/kept/settings", UriKind.Relative), form, Cancellation);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, asForm.StatusCode);

        var large = await _admin.AskAsync(
            "PUT", "api/queues/kept/settings", $$"""{ "MaxItems": "{{new string('9', 100_000)}}" }""");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.Status);
        Assert.Equal("The body is too large.", large.Detail);
    }

    [Fact]
    public async Task The_document_has_every_path_of_the_interface()
    {
        var document = await _admin.DoAsync("GET", "openapi/v1.json");

        var found = document.GetProperty("paths").EnumerateObject().SelectMany(
            path => path.Value.EnumerateObject().Select(act => $"{act.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(
            [
                "DELETE /api/queues/{name}", "DELETE /api/queues/{name}/settings", "GET /api/queues",
                "GET /api/queues/{name}", "GET /api/queues/{name}/items", "GET /api/queues/{name}/move",
                "GET /api/queues/{name}/settings", "GET /api/silos/{name}/drain", "PATCH /api/queues/{name}/settings",
                "POST /api/queues/{name}", "POST /api/queues/{name}/items", "POST /api/queues/{name}/move",
                "POST /api/queues/{name}/pause", "POST /api/queues/{name}/purge", "POST /api/queues/{name}/redrive",
                "POST /api/queues/{name}/resume", "POST /api/silos/{name}/drain", "PUT /api/queues/{name}/settings",
            ],
            found.Where(act => act.Contains("/api/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private async Task UntilWaitingAsync(string queue)
        => await Poll.UntilAsync(
            async () =>
            {
                var report = await _admin.DoAsync("GET", $"api/queues/{queue}");
                return report.GetProperty("homes")[0].GetProperty("waiters").GetInt32() == 1;
            },
            "a client waits", Poll.Patience);

    private async Task<Dictionary<string, (string Value, string Origin)>> SettingsAsync(string queue)
    {
        var report = await _admin.DoAsync("GET", $"api/queues/{queue}/settings");
        return report.GetProperty("settings").EnumerateArray().ToDictionary(
            setting => setting.GetProperty("key").GetString()!,
            setting => (setting.GetProperty("value").GetString()!, setting.GetProperty("origin").GetString()!));
    }

    private async Task<string> SetAsync(string queue, string payload)
    {
        await using var client = await server.ConnectAsync();
        return await client.SetAsync(queue, flags: 0, System.Text.Encoding.ASCII.GetBytes(payload), Cancellation);
    }
}
