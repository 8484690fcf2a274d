using System.Text;
using System.Text.RegularExpressions;
using Siberite.Testing;
using Siberite.Testing.Clusters;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Two real silos on a real PostgreSQL: clients are on the one, and all queues get their home on the
/// other.</summary>
/// <remarks>The one is being drained, as an operator does before it is retired: it serves clients as before and gets no
/// new queues. One pair is up at a time, with the settings that were asked for last.</remarks>
public sealed partial class RemotePair : IAsyncLifetime
{
    private const string OperatorHeader = "Siberite-Operator";

    private PostgresServer? _postgres;
    private string _connectionString = "";
    private ClusterOfProcesses? _pair;
    private string[] _settings = [];
    private int _pairs;

    /// <summary>The silo that clients are on.</summary>
    public TcpTranscriptServer Gateway => new(_pair![0].EndPoint);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartNewAsync();
        _connectionString = await _postgres.CreateClusterDatabaseAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_pair is not null)
        {
            await _pair.DisposeAsync();
        }

        await _postgres!.DisposeAsync();
    }

    /// <summary>Sees to it that the pair that is up has these settings.</summary>
    public async Task UseAsync(IReadOnlyList<string> settings)
    {
        if (_pair is not null && _settings.SequenceEqual(settings, StringComparer.Ordinal))
        {
            return;
        }

        if (_pair is not null)
        {
            await _pair.DisposeAsync();
        }

        // A cluster of its own in the one database.
        _settings = [.. settings];
        _pair = new ClusterOfProcesses(
            _connectionString, 2,
            [$"--Siberite:Cluster:ClusterId=pair-{++_pairs}", "-durability", "os", .. _settings]);
        await _pair.StartAsync();
        await DrainGatewayAsync();
    }

    /// <summary>The queues that the clients' own silo is home to.</summary>
    public async Task<IReadOnlyList<string>> HomesAtGatewayAsync()
    {
        IReadOnlyList<string> lines = [];
        await Poll.UntilAsync(
            async () => (lines = await StatsOfGatewayAsync()) is [.., "END"],
            "the silo takes one more connection", Poll.Patience);
        return [.. lines.Where(line => HomeLine().IsMatch(line))];
    }

    /// <summary>One line of what is told of each queue.</summary>
    [GeneratedRegex(@"^STAT queue_.+_items \d+$")]
    private static partial Regex HomeLine();

    /// <returns>What is told, up to and with <c>END</c>, or that there are too many connections: those that have just
    /// gone may not have been noticed yet.</returns>
    private async Task<IReadOnlyList<string>> StatsOfGatewayAsync()
    {
        await using var client = await WireClient.ConnectAsync(_pair![0].EndPoint, CancellationToken.None);
        client.Write("stats silo");
        await client.SendAsync(CancellationToken.None);
        var lines = new List<string>();
        do
        {
            lines.Add(await client.ReadLineAsync(CancellationToken.None));
        }
        while (lines[^1] != "END" && !lines[^1].StartsWith("SERVER_ERROR", StringComparison.Ordinal));

        return lines;
    }

    private async Task DrainGatewayAsync()
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add(OperatorHeader, "1");
        var drain = new Uri($"http://{_pair![0].AdminEndPoint}/api/silos/{_pair[0].Name}/drain");
        using var answer = await http.PostAsync(drain, content: null);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());

        // Until a new queue has its home on the other one: the silo learns a moment later that it is being drained.
        await using var client = await WireClient.ConnectAsync(_pair[0].EndPoint, CancellationToken.None);
        var number = 0;
        await Poll.UntilAsync(
            async () =>
            {
                var name = $"probe-{++number}";
                Assert.Equal("STORED", await client.SetAsync(name, 0, Encoding.ASCII.GetBytes("x"), default));
                var isHere = (await HomesAtGatewayAsync()).Any(
                    line => line.StartsWith($"STAT queue_{name}_", StringComparison.Ordinal));
                Assert.Equal("DELETED", await client.AskAsync($"delete {name}", default));
                return !isHere && (await HomesAtGatewayAsync()).Count == 0;
            },
            "new queues get their home on the other silo", Poll.Patience);
    }
}
