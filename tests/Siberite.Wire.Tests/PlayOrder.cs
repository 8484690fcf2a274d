using System.Text.RegularExpressions;
using Siberite.Testing.Transcripts;
using Xunit.Sdk;
using Xunit.v3;

namespace Siberite.Wire.Tests;

/// <summary>Plays of transcripts that want a server with the same settings one after the other, so that one such server
/// is up at a time.</summary>
public sealed partial class PlayOrder : ITestCaseOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCase> OrderTestCases<TTestCase>(IReadOnlyCollection<TTestCase> testCases)
        where TTestCase : notnull, ITestCase
        => [.. testCases.OrderBy(test => KeyOf(test.TestCaseDisplayName), StringComparer.Ordinal)];

    /// <summary>The settings first, then what came after the file's name (how it is played), then the file.</summary>
    private static string KeyOf(string displayName)
    {
        var play = Play().Match(displayName);
        if (!play.Success)
        {
            return displayName;
        }

        var file = play.Groups["file"].Value;
        var transcript = Transcript.Load(Path.Combine(TranscriptTests.Folder, file));
        var server = $"{string.Join(' ', transcript.Settings)} {transcript.NeedsOwnServer}";
        return $"{server}\n{play.Groups["route"].Value}\n{file}\n{displayName}";
    }

    [GeneratedRegex("""file: "(?<file>[^"]+)"(?:.*route: "(?<route>[^"]+)")?""")]
    private static partial Regex Play();
}
