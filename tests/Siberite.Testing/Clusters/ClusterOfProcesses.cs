namespace Siberite.Testing.Clusters;

/// <summary>Real silos on one database, each with a data directory of its own.</summary>
public sealed class ClusterOfProcesses : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-cluster-");
    private readonly List<ClusterSilo> _silos = [];
    private readonly string[] _arguments;

    /// <summary>Silos on the loopback address.</summary>
    /// <param name="connectionString">A database prepared by <c>siberitectl cluster init</c>.</param>
    /// <param name="count">Silos to begin with. None is started.</param>
    /// <param name="arguments">Flags of all silos.</param>
    public ClusterOfProcesses(string connectionString, int count, params string[] arguments)
        : this(ClusterNetwork.Loopback, connectionString, count, arguments)
    {
    }

    /// <summary>Silos on a network of the test's own.</summary>
    public ClusterOfProcesses(
        ClusterNetwork network, string connectionString, int count, params string[] arguments)
    {
        Network = network;
        ConnectionString = connectionString;
        // Tests look at what has just been done.
        _arguments = ["--Siberite:Cluster:StatsInterval=00:00:00", .. arguments];
        for (var number = 0; number < count; number++)
        {
            Add();
        }
    }

    /// <summary>Where the silos are.</summary>
    public ClusterNetwork Network { get; }

    /// <summary>The database.</summary>
    public string ConnectionString { get; }

    /// <summary>The silos, in the order they were added.</summary>
    public IReadOnlyList<ClusterSilo> Silos => _silos;

    /// <summary>The silo at <paramref name="index"/>, from 0.</summary>
    public ClusterSilo this[int index] => _silos[index];

    /// <summary>One more silo, with an empty disk, not started.</summary>
    /// <param name="arguments">Flags of this silo, after those of all.</param>
    public ClusterSilo Add(params string[] arguments)
    {
        var name = $"silo{_silos.Count + 1}";
        var silo = new ClusterSilo(
            Network, name, Path.Combine(_directory.FullName, name), ConnectionString, [.. _arguments, .. arguments]);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts all and returns when all are ready.</summary>
    public async Task StartAsync()
    {
        foreach (var silo in _silos)
        {
            silo.Launch();
        }

        foreach (var silo in _silos)
        {
            await silo.WaitUntilReadyAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }
}
