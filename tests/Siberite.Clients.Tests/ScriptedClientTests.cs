namespace Siberite.Clients.Tests;

/// <summary>Client libraries of other languages, each in a script that exits with 0 if all went as it should.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptedClientTests(RunningServer server)
{
    /// <remarks>The system's Python: its packages are apt's.</remarks>
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData("pymemcache_values.py", "python3-pymemcache")]
    [InlineData("pymemcache_commands.py", "python3-pymemcache")]
    [InlineData("pylibmc_values.py", "python3-pylibmc")]
    [InlineData("pylibmc_commands.py", "python3-pylibmc")]
    [InlineData("sockets.py", "python3")]
    public Task Python_clients_get_what_they_set(string script, string package)
    {
        Assert.True(File.Exists(Python), $"{Python} is missing: apt install {package}");
        return Tool.RunAsync(Python, Path.Combine(Tool.Folder("python"), script), server.Host, server.Port);
    }

    /// <remarks>Drops the items of every queue, so this one has a server to itself.</remarks>
    [Fact]
    public async Task Python_clients_can_flush_all()
    {
        var own = new RunningServer();
        await own.InitializeAsync();
        await using (own)
        {
            await Tool.RunAsync(Python, Path.Combine(Tool.Folder("python"), "flush_all.py"), own.Host, own.Port);
        }
    }

    [Fact]
    public async Task The_node_client_gets_what_it_set()
    {
        var node = Tool.Find("nodejs", "node");
        var folder = Tool.Folder("node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            await Tool.RunAsync(
                Tool.Find("npm", "npm"), folder, input: [], ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        }

        await Tool.RunAsync(node, folder, input: [], ["memcached.js", server.Host, server.Port]);
    }
}
