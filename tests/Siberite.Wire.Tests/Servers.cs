using System.Net;
using Siberite.Testing;
using Siberite.Testing.Transcripts;
using Siberite.Wire.Tests;

[assembly: AssemblyFixture(typeof(Servers))]

namespace Siberite.Wire.Tests;

/// <summary>Real server processes, shared by the tests: one for each set of arguments that is asked for.</summary>
/// <remarks>Those with settings of their own are stopped when the next such one is wanted and nobody uses them, so that
/// there are never dozens at once.</remarks>
public sealed class Servers : IAsyncLifetime
{
    /// <summary>Names a server that is up already, of whatever make, to play against instead of our own.</summary>
    private const string EndPointVariable = "SIBERITE_ENDPOINT";

    private const string RouteSetting = "--Siberite:Cluster:LocalRoute=";

    private readonly SemaphoreSlim _gate = new(1); // Guards the servers.
    private readonly Dictionary<string, SharedServer> _servers = new(StringComparer.Ordinal);
    private readonly string _data = Directory.CreateTempSubdirectory("siberite-wire-").FullName;

    /// <summary>A server with these arguments, shared unless <paramref name="alone"/>.</summary>
    public async Task<ServerLease> RentAsync(IEnumerable<string> arguments, bool alone)
    {
        string[] all = [.. arguments];
        var key = string.Join(' ', all) + (alone ? " (alone)" : "");
        await _gate.WaitAsync();
        SharedServer server;
        try
        {
            server = await FindOrStartAsync(key, all);
            server.Take();
        }
        finally
        {
            _gate.Release();
        }

        if (alone)
        {
            await server.Turn.WaitAsync();
        }

        return new ServerLease(server.EndPoint, () =>
        {
            if (alone)
            {
                server.Turn.Release();
            }

            server.GiveBack();
        });
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        _gate.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private async Task<SharedServer> FindOrStartAsync(string key, string[] arguments)
    {
        if (_servers.TryGetValue(key, out var server))
        {
            return server;
        }

        var isSpecial = arguments.Any(argument => !argument.StartsWith(RouteSetting, StringComparison.Ordinal));
        foreach (var (other, idle) in isSpecial ? _servers.Where(each => each.Value.MayStop).ToArray() : [])
        {
            _servers.Remove(other);
            await idle.DisposeAsync();
        }

        return _servers[key] = await StartAsync(arguments, isSpecial);
    }

    private async Task<SharedServer> StartAsync(string[] arguments, bool isSpecial)
    {
        if (Environment.GetEnvironmentVariable(EndPointVariable) is { } other)
        {
            return new SharedServer(IPEndPoint.Parse(other), process: null, isSpecial);
        }

        var data = Directory.CreateDirectory(Path.Combine(_data, Path.GetRandomFileName())).FullName;
        var process = await ServerProcess.StartAsync(data, arguments);
        return new SharedServer(process.EndPoint, process, isSpecial);
    }

    private sealed class SharedServer(IPEndPoint endPoint, ServerProcess? process, bool isSpecial) : IAsyncDisposable
    {
        private int _users;

        public IPEndPoint EndPoint => endPoint;

        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>Whether nobody uses it, and few would ask for it again.</summary>
        public bool MayStop => isSpecial && Volatile.Read(ref _users) == 0;

        public void Take() => Interlocked.Increment(ref _users);

        public void GiveBack() => Interlocked.Decrement(ref _users);

        public ValueTask DisposeAsync()
        {
            Turn.Dispose();
            return process?.DisposeAsync() ?? ValueTask.CompletedTask;
        }
    }
}

/// <summary>The right to use a server, until disposed.</summary>
public sealed class ServerLease(IPEndPoint endPoint, Action giveBack) : IDisposable
{
    /// <summary>Where it speaks memcache.</summary>
    public IPEndPoint EndPoint => endPoint;

    /// <summary>The same, for a player.</summary>
    public TcpTranscriptServer Server { get; } = new(endPoint);

    /// <inheritdoc/>
    public void Dispose() => giveBack();
}
