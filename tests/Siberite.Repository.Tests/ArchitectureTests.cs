namespace Siberite.Repository.Tests;

public sealed class ArchitectureTests
{
    private static readonly string[] Diagram =
    [
        "Siberite.Cluster -> Siberite.Contracts",
        "Siberite.Cluster -> Siberite.Queues",
        "Siberite.Gateway -> Siberite.Contracts",
        "Siberite.Queues -> Siberite.Contracts",
        "Siberite.Server -> Siberite.Cluster",
        "Siberite.Server -> Siberite.Contracts",
        "Siberite.Server -> Siberite.Gateway",
        "Siberite.Server -> Siberite.Queues",
        "Siberite.Server -> Siberite.Storage",
        "Siberite.Storage -> Siberite.Contracts",
        "Siberite.Storage -> Siberite.Queues",
    ];

    /// <remarks>Equality, not a subset: an unused permission fails as well, so the diagram stays true.</remarks>
    [Fact]
    public void Projects_reference_exactly_what_the_diagram_draws()
        => Assert.Equal(Diagram, SourceTree.ProjectArrows());

    [Fact]
    public void The_readme_draws_the_same_diagram()
    {
        var readme = File.ReadAllText(Path.Combine(SourceTree.Root, "README.md"));
        foreach (var group in Diagram.Select(arrow => arrow.Split(" -> ")).GroupBy(arrow => arrow[0]))
        {
            var targets = string.Join(", ", group.Select(arrow => arrow[1].Replace("Siberite.", "")));
            Assert.Contains($"{group.Key} -> {targets}", readme, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_engine_has_no_packages()
        => Assert.Empty(SourceTree.Packages("Siberite.Queues"));

    [Fact]
    public void The_contracts_know_nothing_of_Orleans_but_its_attributes_and_interfaces()
        => Assert.Equal(["Microsoft.Orleans.Sdk"], SourceTree.Packages("Siberite.Contracts"));

    [Theory]
    [InlineData("RocksDbSharp", "src/Siberite.Storage")]
    [InlineData("Microsoft.AspNetCore", "src/Siberite.Gateway,src/Siberite.Server,src/Siberite.Cluster/Hosting")]
    [InlineData("Orleans", "src/Siberite.Cluster,src/Siberite.Server")]
    [InlineData("System.IO.Pipelines", "src/Siberite.Gateway,src/Siberite.Cluster/Hosting")]
    public void A_namespace_is_used_only_where_it_belongs(string name, string homes)
        => Assert.DoesNotContain(
            SourceTree.Lines("*.cs", "src"),
            line => line.Text.StartsWith($"using {name}", StringComparison.Ordinal)
                && !homes.Split(',').Any(home => line.Place.StartsWith(home + "/", StringComparison.Ordinal)));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(SourceTree.Root, "Siberite.Orleans.sln"));
        Assert.DoesNotContain(
            SourceTree.Files("*.csproj"),
            path => !solution.Contains(SourceTree.Relative(path).Replace('/', '\\'), StringComparison.Ordinal));
    }
}
