using System.Text.RegularExpressions;

namespace Siberite.Repository.Tests;

/// <summary>infra/docs/wire-proofs.md: no rule of the protocol without a proof, no proof that is not there.</summary>
public sealed partial class WireProofsPageTests
{
    [Fact]
    public void Every_row_of_the_protocol_page_has_one_under_the_same_heading()
        => Assert.Empty(Rows("protocol.md").Select(row => (row.Heading, row.First))
            .Except(Rows("wire-proofs.md").Select(row => (row.Heading, row.First))));

    [Fact]
    public void Every_rule_has_a_proof_and_every_proof_exists()
    {
        var known = DefectsPageTests.KnownTests();
        var wrong =
            from row in Rows("wire-proofs.md")
            let proofs = Quoted().Matches(row.Last).Select(match => match.Groups["name"].Value).ToArray()
            where proofs.Length == 0 || !proofs.All(known.Contains)
            select $"{row.Heading}: {row.First}: {string.Join(", ", proofs.Where(proof => !known.Contains(proof)))}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_transcript_proves_something()
    {
        var page = string.Join('\n', SourceTree.Lines("wire-proofs.md", "infra/docs").Select(line => line.Text));
        Assert.DoesNotContain(
            SourceTree.Files("*.txt", "tests/Siberite.Wire.Tests/Transcripts").Select(path => Path.GetFileName(path)),
            file => !page.Contains($"`{file}`", StringComparison.Ordinal));
    }

    /// <summary>Clients read the texts of errors: each one stands on the protocol page, but for what only operators
    /// can bring about.</summary>
    [Fact]
    public void Every_error_that_a_client_can_get_is_on_the_protocol_page()
    {
        var page = string.Join(' ', SourceTree.Lines("protocol.md", "infra/docs").Select(line => line.Text));
        var texts = SourceTree.Lines("ErrorReplies.cs", "src/Siberite.Gateway")
            .Select(line => ErrorText().Match(line.Text))
            .Where(match => match.Success)
            .Select(match => match.Groups["text"].Value);
        Assert.DoesNotContain(
            texts, text => text != "invalid setting" && !page.Contains(text, StringComparison.Ordinal));
    }

    /// <returns>The rows of all tables of a page, without those that name the columns.</returns>
    private static IEnumerable<(string Heading, string First, string Last)> Rows(string page)
    {
        var heading = "";
        var isInTable = false;
        var lines = SourceTree.Lines(page, "infra/docs").Select(line => line.Text).ToArray();
        for (var i = 0; i < lines.Length; i++)
        {
            heading = lines[i].StartsWith("## ", StringComparison.Ordinal) ? lines[i] : heading;
            var wasInTable = isInTable;
            isInTable = lines[i].StartsWith('|');
            if (isInTable && wasInTable && !lines[i].StartsWith("|---", StringComparison.Ordinal))
            {
                var cells = lines[i].Trim('|').Split('|');
                yield return (heading, cells[0].Trim(), cells[^1].Trim());
            }
        }
    }

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("\"(?:CLIENT|SERVER)_ERROR (?<text>[^\"{]+)")]
    private static partial Regex ErrorText();
}
