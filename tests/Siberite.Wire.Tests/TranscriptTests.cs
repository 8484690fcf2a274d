using Siberite.Testing;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Every transcript, against a real server process.</summary>
/// <remarks>
/// Goal: no byte of the protocol changes unnoticed, however a client's bytes are cut and whichever way they take.
/// Method: each file is played whole, byte by byte and in 7-byte pieces, by the short way and through the grain; and by
/// the short way with every payload, however small, in a payload file.
/// </remarks>
public sealed class TranscriptTests(Servers servers)
{
    private const string PayloadFiles = "PayloadFiles";

    private static readonly string Folder = Path.Combine(
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
            foreach (var file in Directory.GetFiles(Folder, "*.txt").Order(StringComparer.Ordinal))
            {
                foreach (var route in new[] { "Direct", "Grain" })
                {
                    foreach (var pieces in PieceBytes.Keys)
                    {
                        plays.Add(Path.GetFileName(file), pieces, route);
                    }
                }

                plays.Add(Path.GetFileName(file), "whole", PayloadFiles);
                plays.Add(Path.GetFileName(file), "sevens", PayloadFiles);
            }

            return plays;
        }
    }

    private static string[] SettingsOf(string route)
        => route == PayloadFiles
            ? ["--Siberite:Storage:LargeItemBytes=1"]
            : [$"--Siberite:Cluster:LocalRoute={route}"];

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
}
