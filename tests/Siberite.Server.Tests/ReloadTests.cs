using Siberite.Server.Tests.Support;
using Siberite.Testing;

namespace Siberite.Server.Tests;

/// <summary>Settings that change while a real server runs.</summary>
public sealed class ReloadTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string SettingsFile => _directory["settings.json"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Settings_count_when_reload_is_answered_and_a_bad_one_changes_nothing()
    {
        WriteLimit("0");
        await using var server = await StartAsync();
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        Assert.Equal("STORED", await SetAsync(client));

        WriteLimit("1");
        Assert.Equal("Reloaded config.", await AskAsync(client, "reload"));
        Assert.Equal("NOT_STORED", await SetAsync(client));

        WriteLimit("\"lots\"");
        Assert.Equal(
            "CLIENT_ERROR Siberite:Queues:default:MaxItems is 'lots': must be a whole number",
            await AskAsync(client, "RELOAD"));
        Assert.Equal("NOT_STORED", await SetAsync(client));

        await File.WriteAllTextAsync(SettingsFile, "{ no json", Cancellation);
        Assert.StartsWith(
            $"CLIENT_ERROR cannot read {SettingsFile}", await AskAsync(client, "reload"), StringComparison.Ordinal);
        Assert.Equal("NOT_STORED", await SetAsync(client));
    }

    [Fact]
    public async Task Settings_count_soon_after_their_file_changed()
    {
        WriteLimit("1");
        await using var server = await StartAsync();
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        await SetAsync(client);
        Assert.Equal("NOT_STORED", await SetAsync(client));

        WriteLimit("0");
        await Poll.UntilAsync(
            async () => await SetAsync(client) == "STORED", "the limit was lifted", Poll.Patience);
    }

    [Fact]
    public async Task A_setting_that_needs_a_restart_is_warned_of()
    {
        WriteLimit("0");
        await using var server = await StartAsync();
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Cancellation);

        await File.WriteAllTextAsync(
            SettingsFile, """{ "Siberite": { "Gateway": { "MaxKeys": 5 } } }""", Cancellation);
        await AskAsync(client, "reload");

        const string Warning = "Siberite:Gateway:MaxKeys was changed, which counts from the next start on.";
        await Poll.UntilAsync(
            () => Task.FromResult(server.Output.Contains(Warning, StringComparison.Ordinal)), Warning, Poll.Patience);
    }

    private Task<ServerProcess> StartAsync()
        => ServerProcess.StartAsync(
            _directory["data"], "-durability", "os", "-config", SettingsFile, "--Siberite:Gateway:AllowReload=true");

    /// <remarks>Moved into place, as editors do: nobody reads half a file.</remarks>
    private void WriteLimit(string maxItems)
    {
        var aside = SettingsFile + ".new";
        File.WriteAllText(aside, $$"""{ "Siberite": { "Queues": { "default": { "MaxItems": {{maxItems}} } } } }""");
        File.Move(aside, SettingsFile, overwrite: true);
    }

    private static Task<string> SetAsync(WireClient client) => client.SetAsync("q", 0, "x"u8.ToArray(), Cancellation);

    private static Task<string> AskAsync(WireClient client, string command) => client.AskAsync(command, Cancellation);
}
