using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>What queues are told at run time, over restarts of a real server.</summary>
public sealed class RunTimeSettingsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settings_outlast_a_restart_and_a_crash_and_go_with_their_queue(bool isCrash)
    {
        await using (var server = await ServerProcess.StartAsync(_directory["data"]))
        {
            using var admin = new OperatorClient(server);
            await admin.DoAsync("POST", "api/queues/q", """{ "MaxItems": 1 }""");
            await admin.DoAsync("POST", "api/queues/empty", """{ "MaxItems": 1 }""");
            await admin.DoAsync("POST", "api/queues/halted/", """{ "Paused": true }""");
            Assert.Equal("STORED", await SetAsync(server, "q"));
            await (isCrash ? server.KillAsync() : server.StopAsync());
        }

        await using var again = await ServerProcess.StartAsync(_directory["data"]);
        using var operators = new OperatorClient(again);
        Assert.Equal("NOT_STORED", await SetAsync(again, "q"));
        Assert.Equal("STORED", await SetAsync(again, "empty"));
        Assert.Equal("NOT_STORED", await SetAsync(again, "empty"));
        await using var client = await WireClient.ConnectAsync(again.EndPoint, Cancellation);
        Assert.Equal("SERVER_ERROR queue paused", (await client.GetAsync("halted", Cancellation)).Line);

        await operators.DoAsync("DELETE", "api/queues/q");
        Assert.Equal("STORED", await SetAsync(again, "q"));
        Assert.Equal("STORED", await SetAsync(again, "q"));
    }

    [Fact]
    public async Task They_count_more_than_the_files_also_after_a_reload()
    {
        await File.WriteAllTextAsync(_directory["settings.json"], Sections(nameLimit: 5), Cancellation);
        await using var server = await ServerProcess.StartAsync(
            _directory["data"], "-config", _directory["settings.json"], "--Siberite:Gateway:AllowReload=true");
        using var admin = new OperatorClient(server);
        await SetAsync(server, "orders-eu");
        Assert.Equal(["1 default default", "3 pattern orders-*", "5 name orders-eu"], await LimitsAsync(admin));

        await admin.DoAsync("PATCH", "api/queues/orders-eu/settings", """{ "MaxItems": 1 }""");
        Assert.Equal("NOT_STORED", await SetAsync(server, "orders-eu"));
        await File.WriteAllTextAsync(_directory["settings.json"], Sections(nameLimit: 6), Cancellation);
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        Assert.Equal("Reloaded config.", await client.AskAsync("reload", Cancellation));

        Assert.Equal("NOT_STORED", await SetAsync(server, "orders-eu"));
        Assert.Equal(["1 default default", "3 pattern orders-*", "1 runTime "], await LimitsAsync(admin));
    }

    [Fact]
    public async Task A_queue_that_a_file_pauses_can_be_resumed()
    {
        await using var server = await ServerProcess.StartAsync(
            _directory["data"], "--Siberite:Queues:q:Paused=true");
        using var admin = new OperatorClient(server);
        await SetAsync(server, "q");
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        Assert.Equal("SERVER_ERROR queue paused", (await client.GetAsync("q", Cancellation)).Line);

        await admin.DoAsync("POST", "api/queues/q/resume");

        Assert.NotNull((await client.GetAsync("q", Cancellation)).Item);
    }

    private static string Sections(int nameLimit) => $$"""
        { "Siberite": { "Queues": {
            "default": { "MaxItemBytes": 1 },
            "orders-*": { "MaxBytes": 3, "MaxItems": 3 },
            "orders-eu": { "MaxItems": {{nameLimit}} } } } }
        """;

    private static async Task<IEnumerable<string>> LimitsAsync(OperatorClient admin)
    {
        var report = await admin.DoAsync("GET", "api/queues/orders-eu/settings");
        return
        [
            .. from setting in report.GetProperty("settings").EnumerateArray()
               let key = setting.GetProperty("key").GetString()
               where key is "MaxItemBytes" or "MaxBytes" or "MaxItems"
               orderby key == "MaxItems", key == "MaxBytes"
               let section = setting.GetProperty("section")
               select
                   $"{setting.GetProperty("value")} {setting.GetProperty("origin")} {section}",
        ];
    }

    private static async Task<string> SetAsync(ServerProcess server, string queue)
    {
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        return await client.SetAsync(queue, flags: 0, "x"u8.ToArray(), Cancellation);
    }
}
