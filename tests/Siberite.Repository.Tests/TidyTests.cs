using System.Globalization;
using System.Text.RegularExpressions;

namespace Siberite.Repository.Tests;

public sealed partial class TidyTests
{
    private const int MaxColumns = 120;
    private const int MaxFileLines = 400;

    /// <summary>Words that are other products' names for our nouns, or no names at all (glossary.md).</summary>
    private static readonly string[] ForeignWords =
    [
        "Message", "Topic", "Channel", "Tube", "Job", "Node", "Transaction", "Subscription", "Chunk", "Manager",
        "Helper", "Util",
    ];

    [Fact]
    public void No_line_is_longer_than_120_columns()
        => Assert.Empty(
            from line in SourceTree.Lines("*.cs").Concat(SourceTree.Lines("*.sh"))
            where line.Text.Length > MaxColumns
            select line.Place);

    [Fact]
    public void No_file_is_longer_than_400_lines()
        => Assert.Empty(
            from path in SourceTree.Files("*.cs")
            where File.ReadLines(path).Count() > MaxFileLines
            select SourceTree.Relative(path));

    [Fact]
    public void No_tabs_and_nothing_left_for_later()
        => Assert.Empty(
            from line in SourceTree.Lines("*.cs")
            where line.Text.Contains('\t') || Unfinished().IsMatch(line.Text)
            select line.Place);

    [Fact]
    public void Names_are_the_fields_own_terms()
        => Assert.Empty(
            from line in SourceTree.Lines("*.cs", "src")
            let declared = DeclaredName().Match(line.Text)
            where declared.Success
            let word = ForeignWords.FirstOrDefault(word => HasWord(declared.Groups["name"].Value, word))
            where word is not null
            select $"{line.Place} says {word}");

    [Fact]
    public void The_glossary_explains_every_forbidden_word()
    {
        var glossary = File.ReadAllText(Path.Combine(SourceTree.Root, "infra/docs/glossary.md"));
        Assert.DoesNotContain(ForeignWords, word => !glossary.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <remarks>Storage 1000s (the engine 1500s), Cluster 2000s, Gateway 3000s, Server 4000s, Ctl
    /// 5000s.</remarks>
    [Fact]
    public void Log_ids_are_unique_and_within_their_projects_range()
    {
        var found = (
            from line in SourceTree.Lines("*.cs", "src")
            from Match match in LogId().Matches(line.Text)
            select (line.Place, Id: int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture))).ToArray();

        Assert.NotEmpty(found);
        Assert.Empty(found.GroupBy(entry => entry.Id).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.Empty(found.Where(entry => !Range(entry.Place).Contains(entry.Id)).Select(entry => entry.Place));
    }

    [Fact]
    public void Links_in_documents_lead_somewhere()
        => Assert.Empty(
            from path in SourceTree.Files("*.md")
            from Match link in MarkdownLink().Matches(File.ReadAllText(path))
            let target = link.Groups["target"].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, target))
            select $"{SourceTree.Relative(path)} -> {target}");

    [Fact]
    public void Every_package_has_its_reason_on_a_line_of_the_dependency_page()
    {
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "infra/docs/decisions/dependencies.md"));
        var packages = SourceTree.Lines("Directory.Packages.props")
            .Select(line => PackageVersion().Match(line.Text))
            .Where(match => match.Success)
            .Select(match => match.Groups["name"].Value);
        Assert.DoesNotContain(packages, name => !page.Contains($"`{name}`", StringComparison.Ordinal));
    }

    private static Range Range(string place)
        => place.Split('/')[1] switch
        {
            "Siberite.Storage" => new(1000, 1500),
            "Siberite.Queues" => new(1500, 2000),
            "Siberite.Cluster" => new(2000, 3000),
            "Siberite.Gateway" => new(3000, 4000),
            "Siberite.Server" => new(4000, 5000),
            "Siberite.Ctl" => new(5000, 6000),
            _ => new(0, 0),
        };

    private static bool HasWord(string name, string word)
        => Regex.IsMatch(name, $"(^|[a-z_]){word}(s|ed)?($|[A-Z])", RegexOptions.None, TimeSpan.FromSeconds(1))
            || name.Equals(word, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+(struct\s+|class\s+)?(?<name>\w+)|"
        + @"\b(public|internal|private|protected)\b[\w\s<>\[\]?,.()]*?\b(?<name>\w+)\s*(\(|=|;|\{)")]
    private static partial Regex DeclaredName();

    [GeneratedRegex(@"\[LoggerMessage\((?<id>\d+),")]
    private static partial Regex LogId();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex(@"<PackageVersion Include=""(?<name>[^""]+)""")]
    private static partial Regex PackageVersion();
}

/// <summary>Log ids of one project: from the first up to, not including, the limit.</summary>
internal readonly record struct Range(int First, int Limit)
{
    public bool Contains(int id) => id >= First && id < Limit;
}
