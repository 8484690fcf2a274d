using System.Text;

namespace Siberite.Clients.Tests;

/// <summary>What people have at hand: libmemcached's tools and nc.</summary>
/// <remarks>Debian has the tools under names of its own (memccp for memcp).</remarks>
[Trait("Category", "Slow")]
public sealed class CommandLineToolTests(RunningServer server) : IDisposable
{
    private const string Tools = "libmemcached-tools";

    private readonly string _folder = Directory.CreateTempSubdirectory("siberite-tools-").FullName;

    private string Servers => $"--servers={server.EndPoint}";

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Memping_finds_the_server_up()
        => Tool.RunAsync(Tool.Find(Tools, "memcping", "memping"), Servers);

    [Fact]
    public async Task Memcp_puts_a_file_and_memcat_gets_it()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "tool-file"), "some text", Encoding.ASCII);

        await CopyAsync("tool-file");
        var text = await Tool.RunAsync(Tool.Find(Tools, "memccat", "memcat"), Servers, "tool-file");

        Assert.Equal("some text", text.TrimEnd('\n'));
    }

    [Fact]
    public async Task Memrm_drops_a_queue()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "tool-dropped"), "some text", Encoding.ASCII);
        await CopyAsync("tool-dropped");

        await Tool.RunAsync(Tool.Find(Tools, "memcrm", "memrm"), Servers, "tool-dropped");

        await using var client = await Testing.WireClient.ConnectAsync(server.EndPoint, CancellationToken.None);
        Assert.Equal("END", await client.AskAsync("stats tool-dropped", CancellationToken.None));
    }

    [Fact]
    public async Task Memstat_reads_the_stats()
    {
        var stats = await Tool.RunAsync(Tool.Find(Tools, "memcstat", "memstat"), Servers);

        Assert.Contains("curr_connections", stats, StringComparison.Ordinal);
        Assert.Contains("version", stats, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    public async Task Lines_typed_into_nc_are_answered_before_it_leaves(string lineEnd)
    {
        var typed = $"set typed 0 0 5{lineEnd}hello\r\nget typed{lineEnd}version{lineEnd}";

        var replies = await Tool.RunAsync(
            Tool.Find("netcat-openbsd", "nc"),
            _folder,
            Encoding.ASCII.GetBytes(typed),
            ["-N", server.Host, server.Port]);

        Assert.Matches("^STORED\r\nVALUE typed 0 5\r\nhello\r\nEND\r\nVERSION [0-9.]+\r\n$", replies);
    }

    private Task<string> CopyAsync(string file)
        => Tool.RunAsync(Tool.Find(Tools, "memccp", "memcp"), _folder, input: [], [Servers, file]);
}
