using Siberite.Testing;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Every transcript, against a real server process.</summary>
/// <remarks>
/// Goal: no byte of the protocol changes unnoticed, however a client's bytes are cut and whichever way they take.
/// Method: each file is played whole, byte by byte and in 7-byte pieces, by the short way and through the grain; and
/// both ways with every payload, however small, in a payload file.
/// </remarks>
[TestCaseOrderer(typeof(PlayOrder))]
public sealed class TranscriptTests(Servers servers)
{
    private const string DirectWithFiles = "DirectWithFiles";
    private const string GrainWithFiles = "GrainWithFiles";

    private const string EveryPayloadInFiles = "--Siberite:Storage:LargeItemBytes=1";

    internal static readonly string Folder = Path.Combine(
        Repository.Root, "tests", "Siberite.Wire.Tests", "Transcripts");

    private static readonly Dictionary<string, int> PieceBytes = new(StringComparer.Ordinal)
    {
        ["whole"] = 0,
        ["bytes"] = 1,
        ["sevens"] = 7,
    };

    /// <summary>Every file, in every piecing, by every route.</summary>
    public static TheoryData<string, string, string> Plays
    {
        get
        {
            var plays = new TheoryData<string, string, string>();
            foreach (var file in Files())
            {
                foreach (var route in new[] { "Direct", "Grain" })
                {
                    foreach (var pieces in PieceBytes.Keys)
                    {
                        plays.Add(file, pieces, route);
                    }
                }

                plays.Add(file, "sevens", DirectWithFiles);
                plays.Add(file, "whole", GrainWithFiles);
            }

            return plays;
        }
    }

    private static string[] SettingsOf(string route)
        => route switch
        {
            DirectWithFiles => ["--Siberite:Cluster:LocalRoute=Direct", EveryPayloadInFiles],
            GrainWithFiles => ["--Siberite:Cluster:LocalRoute=Grain", EveryPayloadInFiles],
            _ => [$"--Siberite:Cluster:LocalRoute={route}"],
        };

    [Theory]
    [MemberData(nameof(Plays))]
    public async Task The_server_holds_the_conversation(string file, string pieces, string route)
    {
        var transcript = Transcript.Load(Path.Combine(Folder, file));
        using var lease = await servers.RentAsync(
            [.. transcript.Settings, .. SettingsOf(route)], alone: transcript.NeedsOwnServer);

        await new TranscriptPlayer(lease.Server, PieceBytes[pieces])
            .PlayAsync(transcript, TestContext.Current.CancellationToken);
    }

    /// <summary>Whatever lies in the folder.</summary>
    internal static IEnumerable<string> Files()
        => Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
