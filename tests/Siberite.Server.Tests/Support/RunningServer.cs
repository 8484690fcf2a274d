using Siberite.Testing;

namespace Siberite.Server.Tests.Support;

/// <summary>One server for all tests of a class.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private ServerProcess? _process;

    /// <summary>The process.</summary>
    public ServerProcess Process => _process!;

    internal async Task<WireClient> ConnectAsync()
        => await WireClient.ConnectAsync(Process.EndPoint, TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync() => _process = await ServerProcess.StartAsync(_directory["data"]);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _directory.Dispose();
    }
}
