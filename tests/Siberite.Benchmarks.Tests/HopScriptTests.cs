using Siberite.Testing;

namespace Siberite.Benchmarks.Tests;

/// <summary><c>infra/bench/hop.sh</c>, as far as it starts nothing.</summary>
/// <remarks>Its three clusters are minutes of a busy machine.</remarks>
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
}
