using Siberite.Testing.Clusters;

[assembly: AssemblyFixture(typeof(Siberite.Ctl.Tests.Database))]

namespace Siberite.Ctl.Tests;

/// <summary>One PostgreSQL for all tests; each makes a database of its own.</summary>
public sealed class Database : IAsyncLifetime
{
    private PostgresServer? _server;

    public PostgresServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await PostgresServer.StartNewAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
