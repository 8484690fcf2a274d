using Siberite.Testing.Transcripts;

namespace Siberite.Wire.Tests;

/// <summary>Every transcript, with its clients on a silo that is the home of none of its queues.</summary>
/// <remarks>
/// Goal: a client cannot tell that its queues are elsewhere.
/// Method: two real silos on a real PostgreSQL; all queues get their home on the one where the clients are not. After
/// each play the clients' silo must be home to nothing: a transcript that made a queue there would prove nothing.
/// </remarks>
[Trait("Category", "Slow")]
[TestCaseOrderer(typeof(PlayOrder))]
public sealed class RemoteTranscriptTests(RemotePair pair) : IClassFixture<RemotePair>
{
    /// <summary>Transcripts that cannot hold here, and why.</summary>
    private static readonly Dictionary<string, string> Exceptions = new(StringComparer.Ordinal)
    {
        ["authentication.txt"] = "Nobody may look into the pair without a password.",
        ["fanout-loose.txt"] = "A loose queue has a log on the clients' silo, too.",
        ["stats-silo.txt"] = "The clients' silo tells of its own queues, and has none.",
    };

    /// <summary>Every file but the exceptions.</summary>
    public static TheoryData<string> Plays => [.. TranscriptTests.Files().Where(file => !Exceptions.ContainsKey(file))];

    [Theory]
    [MemberData(nameof(Plays))]
    public async Task A_silo_that_is_not_the_home_holds_the_conversation(string file)
    {
        var transcript = Transcript.Load(Path.Combine(TranscriptTests.Folder, file));
        await pair.UseAsync(transcript.Settings);

        await new TranscriptPlayer(pair.Gateway, pieceBytes: 0)
            .PlayAsync(transcript, TestContext.Current.CancellationToken);

        Assert.Empty(await pair.HomesAtGatewayAsync());
    }

    [Fact]
    public void Every_exception_is_a_file()
        => Assert.Empty(Exceptions.Keys.Except(TranscriptTests.Files(), StringComparer.Ordinal));
}
