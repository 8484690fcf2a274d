using System.Globalization;
using System.Net;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Topology.Tests;

/// <summary><c>infra/cluster.sh</c>, as an operator without a container engine runs it.</summary>
[Trait("Category", "Slow")]
public sealed class ClusterScriptTests
{
    private static readonly string Script = Path.Combine(Repository.Root, "infra", "cluster.sh");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-script-");
    private readonly IPEndPoint _endPoint = FixedPorts.Next();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_starts_what_is_not_running_status_tells_and_down_keeps_the_data()
    {
        try
        {
            Assert.Equal(3, (await RunAsync("status")).ExitCode);
            var up = (await RunAsync("up")).MustSucceed("up");
            Assert.Equal(3, up.Output.Split('\n').Count(line => line.Contains(" ready (", StringComparison.Ordinal)));
            Assert.Equal("STORED", await AskAsync(client => client.SetAsync("kept", 0, "x"u8.ToArray(), Cancellation)));

            Assert.Equal(up.Output, (await RunAsync("up")).MustSucceed("a second up").Output);
            await KillAsync("silo2");
            var status = await RunAsync("status");
            Assert.Equal(3, status.ExitCode);
            Assert.Matches("(?m)^silo2 .* down$", status.Output);
            (await RunAsync("up")).MustSucceed("up after a crash");

            (await RunAsync("down")).MustSucceed("down");
            Assert.Equal(3, (await RunAsync("status")).ExitCode);
            (await RunAsync("down")).MustSucceed("a second down");
            (await RunAsync("up")).MustSucceed("up with data");
            var reply = await AskAsync(client => client.GetAsync("kept", Cancellation));
            Assert.Equal("x"u8.ToArray(), reply.Item?.Payload);
        }
        finally
        {
            await RunAsync("down");
            _directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Anything_else_is_told_the_usage()
    {
        var run = await RunAsync("destroy");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("usage: infra/cluster.sh up|down|status\n", run.Errors);
        _directory.Delete(recursive: true);
    }

    private Task<ToolRun> RunAsync(string verb)
        => ToolRun.RunAsync(
            new Dictionary<string, string>
            {
                ["CLUSTER_DATA"] = _directory.FullName,
                ["CLUSTER_PORT"] = _endPoint.Port.ToString(CultureInfo.InvariantCulture),
            },
            Script, verb);

    private async Task<T> AskAsync<T>(Func<WireClient, Task<T>> ask)
    {
        await using var client = await WireClient.ConnectAsync(_endPoint, Cancellation);
        return await ask(client);
    }

    private async Task KillAsync(string name)
    {
        var pid = await File.ReadAllTextAsync(Path.Combine(_directory.FullName, "run", $"{name}.pid"), Cancellation);
        (await ToolRun.RunAsync("kill", "-KILL", pid.Trim())).MustSucceed("kill");
        await Poll.UntilAsync(
            () => Task.FromResult(!Directory.Exists($"/proc/{pid.Trim()}")), $"{name} is gone", Poll.Patience);
    }
}
