using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Siberite.Testing;

namespace Siberite.Ctl.Tests;

/// <summary><c>siberitectl bench</c> as a program.</summary>
public sealed class BenchCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-ctl-");

    private string Json => Path.Combine(_directory.FullName, "report.json");

    private string Plot => Path.Combine(_directory.FullName, "report.svg");

    [Theory]
    [InlineData("a load needs a bound: --duration, --requests or both")]
    [InlineData("--connections must be 1 to 20000", "--duration", "1s", "--connections", "0")]
    [InlineData("--size must be bytes up to 67108864, or a range", "--duration", "1s", "--size", "9-3")]
    [InlineData("--duration must be a time of at most a day", "--duration", "25h")]
    [InlineData("--duration, --requests and --rate must be above 0", "--duration", "1s", "--rate", "0")]
    [InlineData("--target must be host:port, not 'there:x'", "--duration", "1s", "--target", "there:x")]
    public async Task A_load_that_makes_no_sense_is_refused(string complaint, params string[] arguments)
    {
        var run = await ToolRun.CtlAsync(["bench", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"siberitectl: {complaint}", run.Errors, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_one_clear_line()
    {
        var absent = ServerProcess.FreeEndPoint();

        var run = await ToolRun.CtlAsync("bench", "--target", $"{absent}", "--duration", "1s");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"siberitectl: cannot reach a server at {absent}: Connection refused\n", run.Errors);
    }

    [Fact]
    public async Task A_get_of_nothing_is_no_error_and_a_refusal_is_counted_and_shown()
    {
        await using var server = new ScriptedMemcache(
            line => line.StartsWith("get ", StringComparison.Ordinal) ? "END\r\n" : "SERVER_ERROR no room\r\n");

        var run = await ToolRun.CtlAsync(
            "bench", "--target", $"{server.EndPoint}", "--requests", "400", "--connections", "1", "--json", Json);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("200 x SERVER_ERROR no room\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("0 items, 200 times nothing\n", run.Output, StringComparison.Ordinal);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(Json))!;
        Assert.Equal(400, (int)report["requests"]!);
        Assert.Equal(200, (int)report["errors"]!);
        Assert.Equal(200, (int)report["errorTexts"]!["SERVER_ERROR no room"]!);
        Assert.Equal(200, (int)report["misses"]!);
    }

    [Fact]
    public async Task A_server_that_hangs_up_ends_the_load_with_its_report()
    {
        var left = 50;
        await using var server = new ScriptedMemcache(
            _ => Interlocked.Decrement(ref left) >= 0 ? "STORED\r\n" : null);

        var run = await ToolRun.CtlAsync(
            "bench", "--target", $"{server.EndPoint}", "--pattern", "set", "--duration", "1h", "--connections", "3");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("requests 50 in ", run.Output, StringComparison.Ordinal);
        Assert.Contains("3 connections, closed by the server\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_load_and_not_the_report()
    {
        var asked = 0;
        var isUnderWay = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedMemcache(_ =>
        {
            if (++asked == 1000)
            {
                isUnderWay.SetResult();
            }

            return "END\r\n";
        });
        var start = new ProcessStartInfo("env") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[
            "--default-signal=INT", "dotnet", Repository.CtlAssembly, "bench", "--target", $"{server.EndPoint}",
            "--pattern", "get", "--duration", "1h", "--connections", "2"])
        {
            start.ArgumentList.Add(argument);
        }

        using var bench = Process.Start(start)!;
        await isUnderWay.Task.WaitAsync(TimeSpan.FromSeconds(30));
        using var kill = Process.Start("kill", ["-INT", $"{bench.Id}"]);
        var output = await bench.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await bench.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, bench.ExitCode);
        Assert.Matches("requests [1-9][0-9,]* in ", output);
        Assert.Contains("latency, us", output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("mixed", "64")]
    [InlineData("reliable", "0-100000")]
    public async Task Our_own_server_is_loaded_and_reported_in_three_forms(string pattern, string size)
    {
        await using var server = await ServerProcess.StartAsync(Path.Combine(_directory.FullName, "data"));

        var run = await ToolRun.CtlAsync(
            "bench", "--target", $"{server.EndPoint}", "--pattern", pattern, "--size", size, "--requests", "4000",
            "--connections", "10", "--pipeline", "4", "--queues", "3",
            "--pid", $"{server.Id}", "--json", Json,
            "--plot", Plot);

        run.MustSucceed("bench");
        var report = JsonNode.Parse(await File.ReadAllTextAsync(Json))!;
        Assert.Equal(4000, (int)report["requests"]!);
        Assert.InRange((int)report["hits"]! + (int)report["misses"]!, 1980, 2020); // A connection may end with its set.
        Assert.True((int)report["hits"]! > 1000);
        Assert.True((double)report["server"]!["microsecondsPerRequest"]! > 0);
        Assert.Contains("server   ", run.Output, StringComparison.Ordinal);
        Assert.Equal("svg", XDocument.Load(Plot).Root!.Name.LocalName);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
