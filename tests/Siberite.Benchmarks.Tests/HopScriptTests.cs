using System.Globalization;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Benchmarks.Tests;

/// <summary><c>infra/bench/hop.sh</c>: what a hop between silos costs.</summary>
public sealed class HopScriptTests
{
    private static readonly string Script = Path.Combine(Repository.Root, "infra", "bench", "hop.sh");

    [Theory]
    [InlineData(0, "usage: infra/bench/hop.sh [--rounds 5]", "--help")]
    [InlineData(2, "usage: infra/bench/hop.sh [--rounds 5]", "--peers")]
    [InlineData(2, "--rounds must be a whole number above 0", "--rounds", "0")]
    [InlineData(2, "--rate must be a whole number above 0", "--rate")]
    public async Task It_says_how_it_is_used_and_refuses_what_makes_no_sense(
        int exitCode, string expected, params string[] arguments)
    {
        var run = await ToolRun.RunAsync("bash", [Script, .. arguments]);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Output + run.Errors, StringComparison.Ordinal);
    }

    /// <remarks>Whatever it costs: so short a load says nothing of that.</remarks>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task It_measures_every_way_and_stops_what_it_started()
    {
        var port = FixedPorts.Next().Port;
        var variables = new Dictionary<string, string>
        {
            ["HOP_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["HOP_LIMIT"] = "1000000",
        };

        var run = await ToolRun.RunAsync(
            variables, "bash", Script, "--rounds", "1", "--pipelined", "5000", "--single", "500", "--rate", "500",
            "--seconds", "1");

        run.MustSucceed("hop.sh");
        foreach (var load in (string[])["sets, 64 pipelined", "gets, 64 pipelined", "sets, one at a time",
            "gets, one at a time"])
        {
            Assert.Matches($@"(?m)^\| {load} \| [0-9.]+ µs \| [0-9.]+ µs \| [0-9.]+ \|$", run.Output);
        }

        Assert.Matches(@"(?m)^\| 3 \| [0-9.]+ µs \| [0-9.]+ \|$", run.Output);
        var left = await ToolRun.RunAsync("bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{port}");
        Assert.NotEqual(0, left.ExitCode);
    }
}
