using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl silo status</c> against a real server.</summary>
[Trait("Category", "Slow")]
public sealed class SiloStatusTests
{
    [Fact]
    public async Task A_silo_that_serves_is_ready_and_shows_what_it_holds()
    {
        var directory = Directory.CreateTempSubdirectory("siberite-ctl-");
        try
        {
            await using var server = await ServerProcess.StartAsync(directory.FullName);

            var run = await ToolRun.CtlAsync("silo", "status", "--admin", $"{server.AdminEndPoint}");

            Assert.Equal(0, run.ExitCode);
            Assert.StartsWith($"silo     {server.AdminEndPoint}: ready\n", run.Output, StringComparison.Ordinal);
            Assert.Contains($" in {directory.FullName}\n", run.Output, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task What_is_no_silo_is_said_in_one_line()
    {
        var run = await ToolRun.CtlAsync("silo", "status", "--admin", $"{ServerProcess.FreeEndPoint()}");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("siberitectl: cannot reach a silo at ", run.Errors, StringComparison.Ordinal);
    }
}
