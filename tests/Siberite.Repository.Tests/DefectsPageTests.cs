using System.Text.RegularExpressions;

namespace Siberite.Repository.Tests;

/// <summary>infra/docs/defects.md: no defect of the ancestors is forgotten, no test that holds one is lost.</summary>
public sealed partial class DefectsPageTests
{
    private static readonly IEnumerable<string> Defects =
        Numbered("S", 26).Concat(Numbered("D", 10)).Concat(Numbered("K", 12));

    [Fact]
    public void Every_defect_of_the_ancestors_has_one_row_in_order()
        => Assert.Equal(Defects, Rows().Select(row => row.Id));

    /// <remarks>A row without a test says why: the defect cannot exist here.</remarks>
    [Fact]
    public void Every_row_names_a_test_or_says_why_there_is_none()
        => Assert.DoesNotContain(
            Rows(),
            row => !Quoted().IsMatch(row.Proof) && !row.Proof.StartsWith("Cannot be:", StringComparison.Ordinal));

    [Fact]
    public void Every_test_on_the_page_exists()
    {
        var known = KnownTests();
        var named =
            from row in Rows()
            from Match quoted in Quoted().Matches(row.Proof)
            select $"{row.Id}: {quoted.Groups["name"].Value}";
        Assert.DoesNotContain(named, test => !known.Contains(test.Split(": ")[1]));
    }

    [Fact]
    public void Every_test_named_after_a_defect_is_in_its_row()
    {
        var rows = Rows().ToDictionary(row => row.Id, row => row.Proof);
        var missing =
            from line in SourceTree.Lines("*.cs", "tests")
            let name = Method().Match(line.Text).Groups["name"].Value
            let id = DefectName().Match(name).Groups["id"].Value
            where id.Length > 0 && !rows.GetValueOrDefault(id, "").Contains($"`{name}`", StringComparison.Ordinal)
            select $"{line.Place} {name}";
        Assert.Empty(missing);
    }

    /// <summary>The names of all tests, and of transcripts as files.</summary>
    public static HashSet<string> KnownTests()
        => SourceTree.Lines("*.cs", "tests")
            .Select(line => Method().Match(line.Text))
            .Where(match => match.Success)
            .Select(match => match.Groups["name"].Value)
            .Concat(SourceTree.Files("*.txt", "tests").Select(path => Path.GetFileName(path)))
            .ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<string> Numbered(string letter, int count)
        => Enumerable.Range(1, count).Select(number => $"{letter}{number}");

    private static IEnumerable<(string Id, string Proof)> Rows()
        => from line in SourceTree.Lines("defects.md", "infra/docs")
           let row = Row().Match(line.Text)
           where row.Success
           select (row.Groups["id"].Value, row.Groups["proof"].Value);

    [GeneratedRegex(@"^\| (?<id>[SDK]\d+) \| [^|]+ \| (?<proof>[^|]+) \|$")]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\s+public (async )?(void|Task) (?<name>\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex(@"^(Defect_)?(?<id>[SDK]\d+)_")]
    private static partial Regex DefectName();
}
