using System.Globalization;
using Siberite.Testing;

namespace Siberite.Ctl.Tests.Support;

/// <summary>One server for all tests of a class, and a directory beside it.</summary>
public sealed class RunningSilo : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-ctl-");
    private ServerProcess? _process;

    /// <summary>The process.</summary>
    public ServerProcess Process => _process!;

    /// <summary>A path for a file of a test.</summary>
    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Runs <c>siberitectl</c> against it.</summary>
    internal Task<ToolRun> CtlAsync(params string[] arguments)
        => ToolRun.CtlAsync([.. arguments, "--admin", $"{Process.AdminEndPoint}"]);

    internal async Task<WireClient> ConnectAsync()
        => await WireClient.ConnectAsync(Process.EndPoint, TestContext.Current.CancellationToken);

    /// <summary>Sets items <c>0</c> and so on, with flags 0 to 6.</summary>
    internal Task FillAsync(string queue, int count) => FillAsync(Process, queue, count);

    /// <summary>The same, with numbers below <paramref name="kinds"/> again and again.</summary>
    internal static async Task FillAsync(
        ServerProcess server, string queue, int count, int kinds = int.MaxValue)
    {
        const int BatchCount = 1_000;
        var cancellation = TestContext.Current.CancellationToken;
        await using var client = await WireClient.ConnectAsync(server.EndPoint, cancellation);
        for (var first = 0; first < count; first += BatchCount)
        {
            var limit = Math.Min(count, first + BatchCount);
            for (var i = first; i < limit; i++)
            {
                var number = i % kinds;
                var payload = System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
                client.WriteSet(queue, flags: (uint)(number % 7), payload);
            }

            await client.SendAsync(cancellation);
            for (var i = first; i < limit; i++)
            {
                Assert.Equal("STORED", await client.ReadLineAsync(cancellation));
            }
        }
    }

    /// <summary>Takes every item of a queue, in order.</summary>
    internal static async Task<List<WireItem>> DrainAsync(ServerProcess server, string queue)
    {
        const int BatchCount = 500;
        var cancellation = TestContext.Current.CancellationToken;
        await using var client = await WireClient.ConnectAsync(server.EndPoint, cancellation);
        var items = new List<WireItem>();
        while (true)
        {
            for (var i = 0; i < BatchCount; i++)
            {
                client.Write($"get {queue}");
            }

            await client.SendAsync(cancellation);
            var isEmpty = false;
            for (var i = 0; i < BatchCount; i++)
            {
                var item = (await client.ReadItemAsync(cancellation)).Item;
                isEmpty |= item is null;
                items.AddRange(item is null ? [] : [item]);
            }

            if (isEmpty)
            {
                return items;
            }
        }
    }

    public async ValueTask InitializeAsync()
        => _process = await ServerProcess.StartAsync(PathOf("data"), "-durability", "os");

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
