using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Siberite.Testing;
using Siberite.Testing.Clusters;
using Siberite.Truth.Tests.Observing;

namespace Siberite.Truth.Tests;

/// <summary>PostgreSQL, three silos and HAProxy before them, as real processes. A silo that ends by itself is started
/// again, as its service would be.</summary>
internal sealed class TruthCluster : IAsyncDisposable
{
    /// <summary>How long a client of the workload waits for an answer: longer than a silo takes for one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<ClusterSilo, bool> _wanted = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    private TruthCluster(PostgresServer database, ClusterOfProcesses silos)
    {
        Database = database;
        Silos = silos;
    }

    /// <summary>Told when a silo has ended by itself.</summary>
    public event Action<ClusterSilo>? Ended;

    public ClusterNetwork Network => Silos.Network;

    public PostgresServer Database { get; }

    public ClusterOfProcesses Silos { get; }

    public HaProxy Proxy { get; private set; } = null!;

    public static async Task<TruthCluster> StartAsync(ClusterNetwork network)
    {
        // Inherited by the silos: why calls failed is to be known, but not each that a home which is away refuses.
        Environment.SetEnvironmentVariable("Logging__LogLevel__Siberite.Cluster", "Debug");
        Environment.SetEnvironmentVariable("Logging__LogLevel__Orleans.Messaging", "Critical");
        var database = await PostgresServer.StartNewAsync(network);
        var silos = new ClusterOfProcesses(
            network, await database.CreateClusterDatabaseAsync(), 3,
            $"--Siberite:Cluster:Membership={Campaign.Profile}",
            "--Siberite:Cluster:NewQueues=Local", "--Siberite:Queues:loose*:Mode=Loose");
        var cluster = new TruthCluster(database, silos);
        try
        {
            await silos.StartAsync();
            cluster.Proxy = await HaProxy.StartAsync(silos);
            foreach (var silo in silos.Silos)
            {
                cluster._wanted[silo] = true;
            }

            cluster._watching = cluster.WatchAsync(cluster._stopping.Token);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects through the balancer, or straight to a silo.</summary>
    public async Task<Client> ConnectAsync(ClusterSilo? silo, CancellationToken cancellation)
    {
        var socket = await OpenAsync(silo?.EndPoint ?? Proxy.EndPoint, cancellation);
        return new Client(Wire(socket, Patience), silo?.Name);
    }

    /// <summary>Connects through the balancer, and asks it where to.</summary>
    /// <exception cref="IOException">Nobody answers there.</exception>
    public async Task<Client> ConnectKnownAsync(CancellationToken cancellation)
    {
        var socket = await OpenAsync(Proxy.EndPoint, cancellation);
        var wire = Wire(socket, Patience);
        try
        {
            await wire.AskAsync("version", cancellation);
            return new Client(wire, await Proxy.FindSiloAsync((IPEndPoint)socket.LocalEndPoint!));
        }
        catch
        {
            await wire.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connects as a client that soon gives up.</summary>
    public async Task<Client> ConnectImpatientlyAsync(CancellationToken cancellation)
        => new(Wire(await OpenAsync(Proxy.EndPoint, cancellation), Probe.Timeout), null);

    /// <summary>One more silo, not started; it is not among those that the balancer knows.</summary>
    public ClusterSilo Add(params string[] arguments) => Silos.Add(arguments);

    /// <summary>Whether a silo is to be kept running.</summary>
    public bool IsWanted(ClusterSilo silo) => _wanted.GetValueOrDefault(silo);

    /// <summary>Starts a silo and keeps it running from then on.</summary>
    public async Task StartAsync(ClusterSilo silo)
    {
        await silo.StartAsync();
        _wanted[silo] = true;
    }

    public async Task KillAsync(ClusterSilo silo)
    {
        _wanted[silo] = false;
        await silo.KillAsync();
    }

    public async Task<int> StopAsync(ClusterSilo silo)
    {
        _wanted[silo] = false;
        return await silo.StopAsync();
    }

    /// <summary>Until a silo is ready that may yet end and be started again.</summary>
    public static Task WaitUntilReadyAsync(ClusterSilo silo, TimeSpan patience)
        => Poll.UntilAsync(silo.IsReadyAsync, $"{silo.Name} is ready", patience);

    /// <summary>After a scenario, whatever became of it: what was paused goes on, what is down is started.</summary>
    public async Task MendAsync()
    {
        await Database.StartAsync();
        foreach (var silo in Silos.Silos)
        {
            if (silo.IsRunning)
            {
                await silo.ResumeAsync();
            }
        }

        foreach (var silo in Silos.Silos.Take(3))
        {
            if (!silo.IsRunning && !IsWanted(silo))
            {
                silo.Launch();
                _wanted[silo] = true;
            }
        }

        foreach (var silo in Silos.Silos.Where(IsWanted))
        {
            await WaitUntilReadyAsync(silo, TimeSpan.FromMinutes(4));
        }
    }

    /// <summary>Asks a silo's admin endpoint.</summary>
    public async Task<JsonElement> AskAdminAsync(ClusterSilo silo, HttpMethod method, string path)
    {
        using var http = Network.NewHttpClient(TimeSpan.FromSeconds(30));
        using var request = new HttpRequestMessage(method, new Uri($"http://{silo.AdminEndPoint}/{path}"));
        request.Headers.Add("Siberite-Operator", "test");
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {text}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }

        await Silos.DisposeAsync();
        await Database.DisposeAsync();
        _stopping.Dispose();
    }

    private static WireClient Wire(Socket socket, TimeSpan patience)
        => new(new TimedStream(new NetworkStream(socket, ownsSocket: true), patience));

    private async Task<Socket> OpenAsync(IPEndPoint endPoint, CancellationToken cancellation)
    {
        var socket = Network.NewSocket();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Probe.Timeout);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(endPoint, limit.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw new IOException($"Cannot connect to {endPoint}: {e.Message}", e);
        }
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        using var pace = new PeriodicTimer(WatchInterval);
        var ended = new Dictionary<ClusterSilo, long>();
        while (await pace.WaitForNextTickAsync(stopping))
        {
            foreach (var (silo, _) in _wanted.Where(wanted => wanted.Value && !wanted.Key.IsRunning))
            {
                if (!_wanted[silo])
                {
                    continue; // Killed between the two looks.
                }

                if (ended.TryAdd(silo, Stopwatch.GetTimestamp()))
                {
                    Ended?.Invoke(silo);
                }
                else if (Stopwatch.GetElapsedTime(ended[silo]) >= RestartDelay && _wanted[silo])
                {
                    ended.Remove(silo);
                    silo.Launch();
                }
            }
        }
    }
}
