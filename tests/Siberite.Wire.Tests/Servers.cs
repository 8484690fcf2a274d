using System.Collections.Concurrent;
using System.Net;
using Siberite.Testing;
using Siberite.Testing.Transcripts;
using Siberite.Wire.Tests;

[assembly: AssemblyFixture(typeof(Servers))]

namespace Siberite.Wire.Tests;

/// <summary>Real server processes, shared by the tests: one for each set of arguments that is asked for.</summary>
public sealed class Servers : IAsyncLifetime
{
    /// <summary>Names a server that is up already, of whatever make, to play against instead of our own.</summary>
    private const string EndPointVariable = "SIBERITE_ENDPOINT";

    private readonly ConcurrentDictionary<string, Lazy<Task<SharedServer>>> _servers = new(StringComparer.Ordinal);
    private readonly string _data = Directory.CreateTempSubdirectory("siberite-wire-").FullName;

    /// <summary>A server with these arguments, shared unless <paramref name="alone"/>.</summary>
    public async Task<ServerLease> RentAsync(IEnumerable<string> arguments, bool alone)
    {
        string[] all = [.. arguments];
        var key = string.Join(' ', all) + (alone ? " (alone)" : "");
        var server = await _servers.GetOrAdd(key, _ => new(() => StartAsync(all))).Value;
        if (alone)
        {
            await server.Turn.WaitAsync();
        }

        return new ServerLease(server.EndPoint, alone ? server.Turn : null);
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            // One that never came up has failed its tests already.
            if (server.Value.IsCompletedSuccessfully)
            {
                await (await server.Value).DisposeAsync();
            }
        }

        Directory.Delete(_data, recursive: true);
    }

    private async Task<SharedServer> StartAsync(string[] arguments)
    {
        if (Environment.GetEnvironmentVariable(EndPointVariable) is { } other)
        {
            return new SharedServer(IPEndPoint.Parse(other), process: null);
        }

        var data = Directory.CreateDirectory(Path.Combine(_data, Path.GetRandomFileName())).FullName;
        var process = await ServerProcess.StartAsync(data, arguments);
        return new SharedServer(process.EndPoint, process);
    }

    private sealed class SharedServer(IPEndPoint endPoint, ServerProcess? process) : IAsyncDisposable
    {
        public IPEndPoint EndPoint => endPoint;

        public SemaphoreSlim Turn { get; } = new(1);

        public ValueTask DisposeAsync()
        {
            Turn.Dispose();
            return process?.DisposeAsync() ?? ValueTask.CompletedTask;
        }
    }
}

/// <summary>The right to use a server, until disposed.</summary>
public sealed class ServerLease(IPEndPoint endPoint, SemaphoreSlim? turn) : IDisposable
{
    /// <summary>Where it speaks memcache.</summary>
    public IPEndPoint EndPoint => endPoint;

    /// <summary>The same, for a player.</summary>
    public TcpTranscriptServer Server { get; } = new(endPoint);

    /// <inheritdoc/>
    public void Dispose() => turn?.Release();
}
