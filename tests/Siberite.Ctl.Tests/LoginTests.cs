using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl</c>'s wire commands with a server that asks for a password, and with one that does
/// not.</summary>
public sealed class LoginTests(LoginTests.Servers servers) : IClassFixture<LoginTests.Servers>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Items_are_copied_to_a_server_that_asks_and_from_it()
    {
        await using (var client = await WireClient.ConnectAsync(servers.Open.EndPoint, Cancellation))
        {
            Assert.Equal("STORED", await client.SetAsync("work", 7, "a"u8.ToArray(), Cancellation));
        }

        var users = servers.Users;
        var there = await CopyAsync(servers.Open, servers.Guarded, "--from-login", users, "--to-login", users);
        Assert.True(there.ExitCode == 0, there.Errors);
        var back = await CopyAsync(servers.Guarded, servers.Open, "--from-login", users);
        Assert.True(back.ExitCode == 0, back.Errors);

        await using var reader = await WireClient.ConnectAsync(servers.Open.EndPoint, Cancellation);
        Assert.Equal("a"u8.ToArray(), (await reader.GetAsync("work", Cancellation)).Item!.Payload);
        reader.Write("stats");
        await reader.SendAsync(Cancellation);
        for (var line = ""; line != "END"; line = await reader.ReadLineAsync(Cancellation))
        {
            // A server that asks for nothing was told nothing: there is no queue of passwords.
            Assert.DoesNotContain("queue_login", line, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, "reader:secret word")]
    [InlineData(1, "reader:wrong")]
    public async Task A_load_logs_in_over_each_connection(int exitCode, string login)
    {
        var file = await servers.FileAsync("login", login);

        var run = await ToolRun.CtlAsync(
            "bench", "--target", $"{servers.Guarded.EndPoint}", "--login", file, "--requests", "300",
            "--connections", "3");

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(
            exitCode != 0,
            run.Errors == $"siberitectl: {servers.Guarded.EndPoint} does not admit this user: it answered "
                + "'CLIENT_ERROR authentication failure'\n");
    }

    [Theory]
    [InlineData("nobody\n", " has no line user:password\n")]
    [InlineData("", " has no line user:password\n")]
    [InlineData(null, " cannot be read: ")]
    public async Task A_file_that_is_none_is_one_clear_line(string? contents, string complaint)
    {
        var file = contents is null ? servers.PathOf("absent") : await servers.FileAsync("bad", contents);

        var run = await CopyAsync(servers.Open, servers.Guarded, "--to-login", file);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"siberitectl: {file}{complaint}", run.Errors, StringComparison.Ordinal);
    }

    private Task<ToolRun> CopyAsync(ServerProcess from, ServerProcess to, params string[] arguments)
        => ToolRun.CtlAsync(
            [
                "copy", "--from", $"{from.EndPoint}", "--to", $"{to.EndPoint}", "--notes", servers.PathOf("notes"),
                .. arguments,
            ]);

    /// <summary>One server of each kind for all tests.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-login-");
        private ServerProcess? _guarded;
        private ServerProcess? _open;

        public string Users { get; private set; } = "";

        public ServerProcess Guarded => _guarded!;

        public ServerProcess Open => _open!;

        public async ValueTask InitializeAsync()
        {
            Users = await FileAsync("users", "\nreader:secret word\nother:too\n");
            Directory.CreateDirectory(PathOf("notes"));
            _guarded = await ServerProcess.StartAsync(PathOf("guarded"), $"--Siberite:Gateway:AuthFile={Users}");
            _open = await ServerProcess.StartAsync(PathOf("open"));
        }

        public async ValueTask DisposeAsync()
        {
            await Guarded.DisposeAsync();
            await Open.DisposeAsync();
            _directory.Delete(recursive: true);
        }

        public string PathOf(string name) => Path.Combine(_directory.FullName, name);

        public async Task<string> FileAsync(string name, string contents)
        {
            await File.WriteAllTextAsync(PathOf(name), contents, Cancellation);
            return PathOf(name);
        }
    }
}
