using Siberite.Testing;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Conversations shown in documents, played against a real server.</summary>
public sealed class DocumentTests(Servers servers)
{
    private const string Opening = "```transcript";
    private const string Closing = "```";

    /// <summary>Every fenced <c>transcript</c> block, by document and number of the block in it.</summary>
    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var path in Documents())
            {
                for (var number = 1; number <= File.ReadLines(path).Count(line => line == Opening); number++)
                {
                    blocks.Add(Path.GetRelativePath(Repository.Root, path), number);
                }
            }

            return blocks;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task The_server_says_what_the_document_shows(string document, int number)
    {
        var block = File.ReadLines(Path.Combine(Repository.Root, document))
            .SkipWhile(AfterOpenings(number))
            .TakeWhile(line => line != Closing);
        var transcript = Transcript.Parse($"{document}, conversation {number}", [.. block]);
        using var lease = await servers.RentAsync([], alone: true);

        await new TranscriptPlayer(lease.Server, pieceBytes: 0)
            .PlayAsync(transcript, TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> Documents()
        => Directory.GetFiles(Path.Combine(Repository.Root, "infra", "docs"), "*.md")
            .Append(Path.Combine(Repository.Root, "README.md"));

    private static Func<string, bool> AfterOpenings(int number)
    {
        var seen = 0;
        return line =>
        {
            if (seen == number)
            {
                return false;
            }

            seen += line == Opening ? 1 : 0;
            return true;
        };
    }
}
