using System.Globalization;
using System.Net;

namespace Siberite.Testing.Clusters;

/// <summary>A PostgreSQL server of the test's own, from the installed binaries, that really syncs.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Place = "db";
    private const string User = "siberite";
    private const string SystemUser = "postgres"; // PostgreSQL refuses to run as root.

    private static readonly string Binaries = FindBinaries();

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-pg-");
    private readonly ClusterNetwork _network;
    private ChildProcess? _process;

    private PostgresServer(ClusterNetwork network)
    {
        _network = network;
        EndPoint = network.NewEndPoint(Place);
    }

    /// <summary>Where it listens, over restarts.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What it has printed since it was last started.</summary>
    public string Output => _process?.Output ?? "";

    private string DataDirectory => Path.Combine(_directory.FullName, "data");

    /// <summary>Makes a server on the loopback address and starts it.</summary>
    public static Task<PostgresServer> StartNewAsync() => StartNewAsync(ClusterNetwork.Loopback);

    /// <summary>Makes a server and starts it.</summary>
    public static async Task<PostgresServer> StartNewAsync(ClusterNetwork network)
    {
        var server = new PostgresServer(network);
        try
        {
            await server.InitializeAsync();
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>How to reach one of its databases.</summary>
    public string ConnectionString(string database)
        => $"Host={EndPoint.Address};Port={EndPoint.Port};Database={database};Username={User};Password=unused";

    /// <summary>Makes an empty database with a name of its own.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():n}";
        await QueryAsync("postgres", $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Makes a database and prepares it for silos.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateClusterDatabaseAsync()
    {
        var connectionString = await CreateDatabaseAsync();
        (await RunAsync("dotnet", Repository.CtlAssembly, "cluster", "init", "--connection", connectionString))
            .MustSucceed("cluster init");
        return connectionString;
    }

    /// <summary>Runs SQL by <c>psql</c>.</summary>
    /// <param name="database">Its name, or its connection string as made here.</param>
    /// <param name="sql">Statements.</param>
    /// <returns>The rows, fields separated by <c>|</c>, without the last line end.</returns>
    public async Task<string> QueryAsync(string database, string sql)
    {
        var name = database.Split(';').FirstOrDefault(part => part.StartsWith("Database=", StringComparison.Ordinal))
            ?["Database=".Length..] ?? database;
        var run = await RunAsync(
            "psql", "-h", $"{EndPoint.Address}", "-p", $"{EndPoint.Port}", "-U", User, "-d", name, "-AtqX",
            "-v", "ON_ERROR_STOP=1", "-c", sql);
        return run.MustSucceed("psql").Output.TrimEnd('\n');
    }

    /// <summary>Starts it and returns when it answers; after a kill it recovers first.</summary>
    public Task StartAsync()
        => Poll.UntilAsync(
            async () =>
            {
                if (_process is null or { HasExited: true })
                {
                    // After a kill the last of its children may still hold the directory for a moment.
                    _process?.Dispose();
                    _process = Launch();
                }

                var run = await RunAsync(
                    Tool("pg_isready"), "-h", $"{EndPoint.Address}", "-p", $"{EndPoint.Port}", "-t", "1");
                return run.ExitCode == 0;
            },
            $"PostgreSQL did not start: {Output}", Poll.Patience);

    /// <summary>Stops it as an operator would: clients are thrown out, everything is written.</summary>
    public Task StopAsync() => _process!.EndAsync("INT");

    /// <summary>SIGKILL to all of it at once, as a power cut without one.</summary>
    public async Task KillAsync()
    {
        var children = await ToolRun.RunAsync(
            "ps", "-o", "pid=", "--ppid", _process!.Id.ToString(CultureInfo.InvariantCulture));
        await _process.EndAsync("KILL");
        foreach (var child in children.Output.Split('\n', StringSplitOptions.TrimEntries
            | StringSplitOptions.RemoveEmptyEntries))
        {
            await ToolRun.RunAsync("kill", "-KILL", child); // Those that saw their parent die are gone by themselves.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        await Poll.UntilAsync(() => Task.FromResult(TryDelete()), "its last process lets go", Poll.Patience);
    }

    private async Task InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            (await ToolRun.RunAsync("chown", SystemUser, _directory.FullName)).MustSucceed("chown");
        }

        // Nothing is in it yet that a sync would keep; the server itself syncs.
        var (program, arguments) = AsUser(
            Tool("initdb"), "-D", DataDirectory, "-U", User, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        (await ToolRun.RunAsync(program, arguments)).MustSucceed("initdb");
        if (!IPAddress.IsLoopback(EndPoint.Address))
        {
            await File.AppendAllTextAsync(
                Path.Combine(DataDirectory, "pg_hba.conf"), $"host all all {EndPoint.Address}/16 trust\n");
        }
    }

    /// <summary>Runs a tool from where the server is.</summary>
    private Task<ToolRun> RunAsync(params string[] all)
    {
        string[] prefixed = [.. _network.PrefixOf(Place), .. all];
        return ToolRun.RunAsync(prefixed[0], prefixed[1..]);
    }

    private ChildProcess Launch()
    {
        var (program, arguments) = AsUser(
            Tool("postgres"), "-D", DataDirectory, "-p", $"{EndPoint.Port}",
            "-c", $"listen_addresses={EndPoint.Address}", "-c", $"unix_socket_directories={_directory.FullName}",
            "-c", "max_connections=300", "-c", "shared_buffers=16MB");
        return ChildProcess.Start([.. _network.PrefixOf(Place), program, .. arguments]);
    }

    private static (string Program, string[] Arguments) AsUser(string tool, params string[] arguments)
        => Environment.IsPrivilegedProcess
            ? ("setpriv", ["--reuid", SystemUser, "--regid", SystemUser, "--clear-groups", tool, .. arguments])
            : (tool, arguments);

    private bool TryDelete()
    {
        try
        {
            _directory.Delete(recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Tool(string name) => Path.Combine(Binaries, name);

    /// <summary>Debian keeps each major version in a directory of its own, off the path.</summary>
    private static string FindBinaries()
        => Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(path => int.TryParse(Path.GetFileName(path), out var major) ? major : 0)
                .Select(path => Path.Combine(path, "bin"))
                .First(path => File.Exists(Path.Combine(path, "initdb")))
            : "/usr/bin";
}
