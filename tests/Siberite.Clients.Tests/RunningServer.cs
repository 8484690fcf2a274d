using System.Net;
using Siberite.Clients.Tests;
using Siberite.Testing;

[assembly: AssemblyFixture(typeof(RunningServer))]

namespace Siberite.Clients.Tests;

/// <summary>The server process that all clients meet. Each client keeps to queues of its own.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    /// <summary>Names a server that is up already, to meet instead.</summary>
    private const string EndPointVariable = "SIBERITE_ENDPOINT";

    private readonly string _data = Directory.CreateTempSubdirectory("siberite-clients-").FullName;
    private ServerProcess? _process;

    /// <summary>Where it speaks memcache.</summary>
    public IPEndPoint EndPoint { get; private set; } = null!;

    /// <summary>Its host, as arguments have it.</summary>
    public string Host => EndPoint.Address.ToString();

    /// <summary>Its port, as arguments have it.</summary>
    public string Port => $"{EndPoint.Port}";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(EndPointVariable) is { } other)
        {
            EndPoint = IPEndPoint.Parse(other);
            return;
        }

        _process = await ServerProcess.StartAsync(_data);
        EndPoint = _process.EndPoint;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }
}
