using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary>A silo that asks for a PROXY header, behind the real HAProxy.</summary>
[Trait("Category", "Slow")]
public sealed class ProxyProtocolTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-proxy-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    public async Task Clients_are_served_through_the_proxy_and_turned_away_beside_it(string option)
    {
        await using var server = ServerProcess.Launch(
            Path.Combine(_directory.FullName, "data"), "--Siberite:Gateway:ProxyProtocol=true",
            "--Siberite:Gateway:MaxConnectionsPerAddress=10");
        var endPoint = ServerProcess.FreeEndPoint();
        var configuration = Path.Combine(_directory.FullName, "haproxy.cfg");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            defaults
                mode tcp
                timeout connect 2s
                timeout client 1m
                timeout server 1m
            listen memcache
                bind {endPoint}
                server silo {server.EndPoint} {option}

            """,
            Cancellation);
        await using var proxy = await HaProxy.StartAsync(configuration, endPoint);

        await Poll.UntilAsync(() => AnswersAsync(endPoint), "the silo answers through HAProxy", Poll.Patience);

        await using var beside = await WireClient.ConnectAsync(server.EndPoint, Cancellation);
        beside.Write("version");
        await beside.SendAsync(Cancellation);
        await beside.ReadToEndAsync(Cancellation);
        await Poll.UntilAsync(
            () => Task.FromResult(server.Output.Contains("not begin with a PROXY header", StringComparison.Ordinal)),
            "the log says why", Poll.Patience);
    }

    private static async Task<bool> AnswersAsync(System.Net.IPEndPoint endPoint)
    {
        try
        {
            await using var client = await WireClient.ConnectAsync(endPoint, Cancellation);
            return await client.SetAsync("proxied", flags: 0, "1"u8.ToArray(), Cancellation) == "STORED"
                && (await client.GetAsync("proxied", Cancellation)).Item is not null;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            return false; // Not up yet.
        }
    }
}
