using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Siberite.Testing.Clusters;

/// <summary>HAProxy with the configuration of <c>infra/haproxy</c> before up to three silos, and a socket to ask it
/// which silo a connection went to.</summary>
public sealed class HaProxy : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _socketPath;

    private HaProxy(ChildProcess process, IPEndPoint endPoint, string socketPath)
        => (_process, EndPoint, _socketPath) = (process, endPoint, socketPath);

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What it has printed so far: which silos it holds for up and down.</summary>
    public string Output => _process.Output;

    /// <summary>Starts it and returns when it listens. It holds all silos for up until a check fails.</summary>
    public static async Task<HaProxy> StartAsync(ClusterOfProcesses cluster)
    {
        var network = cluster.Network;
        var endPoint = network.NewEndPoint("proxy");
        var variables = new List<string> { $"SIBERITE_BIND={endPoint}" };
        for (var index = 0; index < 3; index++)
        {
            var silo = index < cluster.Silos.Count ? cluster[index] : null;
            var admin = silo?.AdminEndPoint.Port ?? 1; // Nobody listens there: down for ever.
            variables.Add($"SILO{index + 1}={silo?.EndPoint ?? new IPEndPoint(IPAddress.Loopback, 1)}");
            variables.Add($"SILO{index + 1}_ADMIN={admin.ToString(CultureInfo.InvariantCulture)}");
        }

        var configuration = Path.Combine(Repository.Root, "infra/haproxy/haproxy.cfg");
        return await StartAsync(network, configuration, endPoint, variables);
    }

    /// <summary>Starts it with a configuration of the test's own, and returns when it listens.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="endPoint">Where it listens by that.</param>
    public static Task<HaProxy> StartAsync(string configuration, IPEndPoint endPoint)
        => StartAsync(ClusterNetwork.Loopback, configuration, endPoint, []);

    /// <summary>Which silo the connection of a client goes to.</summary>
    /// <param name="client">The client's end of the connection.</param>
    /// <returns>Its name; <see langword="null"/> if the connection is not there, or has no silo yet.</returns>
    public async Task<string?> FindSiloAsync(IPEndPoint client)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath));
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync("show sess\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        var sessions = await reader.ReadToEndAsync();
        var session = sessions.Split('\n')
            .FirstOrDefault(line => line.Contains($" src={client} ", StringComparison.Ordinal));
        var words = session?.Split(' ') ?? [];
        var word = words.FirstOrDefault(word => word.StartsWith("srv=", StringComparison.Ordinal));
        return word is null or "srv=<none>" ? null : word["srv=".Length..];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.EndAsync("TERM");
        _process.Dispose();
        Directory.Delete(Path.GetDirectoryName(_socketPath)!, recursive: true);
    }

    private static async Task<HaProxy> StartAsync(
        ClusterNetwork network, string configuration, IPEndPoint endPoint, List<string> variables)
    {
        var directory = Directory.CreateTempSubdirectory("siberite-proxy-").FullName;
        var socketPath = Path.Combine(directory, "asked.sock");
        var extension = Path.Combine(directory, "extension.cfg");
        await File.WriteAllTextAsync(
            extension, $"global\n    stats socket {socketPath} mode 600 level operator\n    stats maxconn 100\n");
        var process = ChildProcess.Start(
        [
            .. network.PrefixOf("proxy"), "env", .. variables, "haproxy", "-db", "-f", configuration, "-f", extension,
        ]);
        var proxy = new HaProxy(process, endPoint, socketPath);
        await Poll.UntilAsync(
            () => process.HasExited
                ? throw new InvalidOperationException($"HAProxy exited:\n{process.Output}")
                : network.IsListeningAsync(endPoint),
            "HAProxy listens", Poll.Patience);
        return proxy;
    }
}
