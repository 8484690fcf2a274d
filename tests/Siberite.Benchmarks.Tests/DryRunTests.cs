using Siberite.Testing;

namespace Siberite.Benchmarks.Tests;

/// <summary>Keeps the benchmarks alive: each runs once. Nobody looks at the times.</summary>
[Trait("Category", "Slow")]
public sealed class DryRunTests
{
    private static readonly string Program = Path.Combine(
        Repository.Root, "artifacts", "bin", "Siberite.Benchmarks",
        Path.GetFileName(Path.GetDirectoryName(Repository.CtlAssembly))!, "Siberite.Benchmarks.dll");

    [Fact]
    public async Task Every_benchmark_runs()
    {
        var directory = Directory.CreateTempSubdirectory("siberite-dry-");
        try
        {
            var run = await ToolRun.RunAsync(
                "dotnet", Program, "--filter", "*", "--job", "dry", "--join", "--artifacts", directory.FullName);

            Assert.True(run.ExitCode == 0, run.Output + run.Errors);
            var table = await File.ReadAllTextAsync(
                directory.EnumerateFiles("*-report-github.md", SearchOption.AllDirectories).Single().FullName);
            foreach (var type in BenchmarkTypes())
            {
                Assert.Contains($"| {type} ", table, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("| NA ", table, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <remarks>A benchmark is worth its question.</remarks>
    [Fact]
    public void Every_benchmark_begins_with_its_question()
        => Assert.Empty(
            from path in Directory.EnumerateFiles(
                Path.Combine(Repository.Root, "tests", "Siberite.Benchmarks", "Micro"), "*.cs")
            let lines = File.ReadAllLines(path)
            let attribute = Array.IndexOf(lines, "[MemoryDiagnoser]")
            where attribute < 1 || !lines[attribute - 1].StartsWith("// ", StringComparison.Ordinal)
                || !lines[attribute - 1].EndsWith('?')
            select Path.GetFileName(path));

    private static IEnumerable<string> BenchmarkTypes()
        => from type in typeof(Micro.ParserBenchmarks).Assembly.GetTypes()
           where type.Namespace == typeof(Micro.ParserBenchmarks).Namespace && type.Name.EndsWith("Benchmarks")
           select type.Name;
}
