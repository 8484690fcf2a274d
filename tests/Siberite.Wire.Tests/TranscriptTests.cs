using Siberite.Testing;
using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Every transcript, against a real server process.</summary>
/// <remarks>
/// Goal: no byte of the protocol changes unnoticed, however a client's bytes are cut and whichever way they take.
/// Method: each file is played whole, byte by byte and in 7-byte pieces, by the short way and through the grain; both
/// ways also with every payload, however small, in a payload file; those that need no settings also over ASP.NET Core's
/// socket transport, which other systems than Linux have.
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

    private static readonly Dictionary<string, string[]> Settings = new(StringComparer.Ordinal)
    {
        ["Direct"] = ["--Siberite:Cluster:LocalRoute=Direct"],
        ["Grain"] = ["--Siberite:Cluster:LocalRoute=Grain"],
        [DirectWithFiles] = ["--Siberite:Cluster:LocalRoute=Direct", EveryPayloadInFiles],
        [GrainWithFiles] = ["--Siberite:Cluster:LocalRoute=Grain", EveryPayloadInFiles],
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

    /// <summary>Every file that needs no settings and no server of its own.</summary>
    public static TheoryData<string> Plain
        => [.. Files().Where(IsPlain)];

    [Theory]
    [MemberData(nameof(Plays))]
    public async Task The_server_holds_the_conversation(string file, string pieces, string route)
    {
        var transcript = Transcript.Load(Path.Combine(Folder, file));
        using var lease = await servers.RentAsync(
            [.. transcript.Settings, .. Settings[route]], alone: transcript.NeedsOwnServer);

        await new TranscriptPlayer(lease.Server, PieceBytes[pieces])
            .PlayAsync(transcript, TestContext.Current.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(Plain))]
    public async Task The_server_holds_the_conversation_without_a_poll(string file)
    {
        var transcript = Transcript.Load(Path.Combine(Folder, file));
        using var lease = await servers.RentAsync(["--Siberite:Gateway:Polled=false"], alone: false);

        await new TranscriptPlayer(lease.Server, PieceBytes["sevens"])
            .PlayAsync(transcript, TestContext.Current.CancellationToken);
    }

    private static bool IsPlain(string file)
        => Transcript.Load(Path.Combine(Folder, file)) is { Settings: [], NeedsOwnServer: false };

    /// <summary>Whatever lies in the folder.</summary>
    internal static IEnumerable<string> Files()
        => Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
