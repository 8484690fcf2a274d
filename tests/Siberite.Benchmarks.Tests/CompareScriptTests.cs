using System.Globalization;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Benchmarks.Tests;

/// <summary><c>infra/bench/compare.sh</c>, as far as this project's own server goes.</summary>
public sealed class CompareScriptTests
{
    private static readonly string Script = Path.Combine(Repository.Root, "infra", "bench", "compare.sh");

    [Fact]
    public async Task It_lists_its_peers_and_says_which_are_missing()
    {
        var run = await RunAsync("--list");

        Assert.Equal(0, run.ExitCode);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("siberite-always", lines);
        foreach (var peer in new[] { "memcached", "beanstalkd", "redis-always", "redis-everysec", "nats", "rabbitmq" })
        {
            Assert.Contains(lines, line => line == peer
                || line.StartsWith($"{peer} (not installed: ", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--help", 0)]
    [InlineData("--peers=x", 2)]
    public async Task It_says_how_it_is_used(string argument, int exitCode)
    {
        var run = await RunAsync(argument);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains("usage: infra/bench/compare.sh [--peers a,b,c]", run.Output + run.Errors);
    }

    [Theory]
    [InlineData("--peers", "nobody", "there is no peer 'nobody'")]
    [InlineData("--rounds", "0", "--rounds must be 1 to 99")]
    [InlineData("--seconds", "forever", "must be seconds")]
    public async Task It_refuses_what_makes_no_sense(string option, string value, string complaint)
    {
        var run = await RunAsync(option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(complaint, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task It_measures_and_writes_its_page_and_leaves_nothing_behind()
    {
        var directory = Directory.CreateTempSubdirectory("siberite-compare-");
        try
        {
            var variables = new Dictionary<string, string>
            {
                ["BENCH_PORT"] = FixedPorts.Next().Port.ToString(CultureInfo.InvariantCulture),
                ["TMPDIR"] = directory.CreateSubdirectory("work").FullName,
            };
            var results = Path.Combine(directory.FullName, "results");
            var run = await ToolRun.RunAsync(
                variables, "bash", Script,
                "--peers", "siberite-os,siberite-reliable", "--rounds", "1",
                "--seconds", "1", "--warm-up", "1", "--out", results);

            run.MustSucceed("compare.sh");
            var page = await File.ReadAllTextAsync(Path.Combine(results, "comparison.md"));
            Assert.Matches(@"(?m)^\| Siberite.Orleans, os \| [1-9][0-9,]* \(", page);
            Assert.Matches(@"(?m)^\| Siberite.Orleans, close/open \| [1-9][0-9,]* \(", page);
            Assert.Equal(2, Directory.GetFiles(results, "*.svg").Length);
            Assert.Empty(Directory.GetFileSystemEntries(variables["TMPDIR"]));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync("bash", [Script, .. arguments]);
}
