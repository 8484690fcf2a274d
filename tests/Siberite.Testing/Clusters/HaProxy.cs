using System.Globalization;
using System.Net;

namespace Siberite.Testing.Clusters;

/// <summary>HAProxy with the configuration of <c>infra/haproxy</c> before up to three silos.</summary>
public sealed class HaProxy : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private HaProxy(ChildProcess process, IPEndPoint endPoint) => (_process, EndPoint) = (process, endPoint);

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What it has printed so far: which silos it holds for up and down.</summary>
    public string Output => _process.Output;

    /// <summary>Starts it and returns when it listens. It holds all silos for up until a check fails.</summary>
    public static async Task<HaProxy> StartAsync(ClusterOfProcesses cluster)
    {
        var endPoint = FixedPorts.Next();
        var variables = new List<string> { $"SIBERITE_BIND={endPoint}" };
        for (var index = 0; index < 3; index++)
        {
            var silo = index < cluster.Silos.Count ? cluster[index] : null;
            var admin = silo?.AdminEndPoint.Port ?? 1; // Nobody listens there: down for ever.
            variables.Add($"SILO{index + 1}={silo?.EndPoint ?? new IPEndPoint(IPAddress.Loopback, 1)}");
            variables.Add($"SILO{index + 1}_ADMIN={admin.ToString(CultureInfo.InvariantCulture)}");
        }

        return await StartAsync(Path.Combine(Repository.Root, "infra/haproxy/haproxy.cfg"), endPoint, [.. variables]);
    }

    /// <summary>Starts it with a configuration of the test's own, and returns when it listens.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="endPoint">Where it listens by that.</param>
    /// <param name="variables">Of the environment, as <c>NAME=value</c>.</param>
    public static async Task<HaProxy> StartAsync(
        string configuration, IPEndPoint endPoint, params string[] variables)
    {
        var process = ChildProcess.Start("env", [.. variables, "haproxy", "-db", "-f", configuration]);
        var proxy = new HaProxy(process, endPoint);
        await Poll.UntilAsync(
            () => process.HasExited
                ? throw new InvalidOperationException($"HAProxy exited:\n{process.Output}")
                : IsListeningAsync(endPoint),
            "HAProxy listens", Poll.Patience);
        return proxy;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.EndAsync("TERM");
        _process.Dispose();
    }

    private static async Task<bool> IsListeningAsync(IPEndPoint endPoint)
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(endPoint);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
