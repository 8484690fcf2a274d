namespace Siberite.Testing.Transcripts;

/// <summary>Plays transcripts against a server.</summary>
/// <remarks>
/// Requests are sent in pieces of <c>pieceBytes</c>, each a segment of its own, because framing must not show; zero is
/// for whole. <c>patience</c> is how long to wait for what a transcript expects.
/// </remarks>
public sealed class TranscriptPlayer(ITranscriptServer server, int pieceBytes, TimeSpan patience)
{
    private static int _plays;

    /// <summary>Plays with as much patience as a busy machine needs.</summary>
    public TranscriptPlayer(ITranscriptServer server, int pieceBytes)
        : this(server, pieceBytes, Poll.Patience)
    {
    }

    /// <summary>Whether expectations that fail are replaced, in the file, by what was received. The difference is then
    /// reviewed like code. Default: whether the environment has <c>SIBERITE_UPDATE=1</c>.</summary>
    public bool UpdatesFile { get; init; } = Environment.GetEnvironmentVariable("SIBERITE_UPDATE") == "1";

    /// <summary>Holds the conversation.</summary>
    /// <exception cref="TranscriptException">It went another way.</exception>
    public async Task PlayAsync(Transcript transcript, CancellationToken cancellation)
    {
        var replacements = new Dictionary<int, IReadOnlyList<string>>();
        await using var play = new TranscriptPlay(transcript, server, NextQueue(), patience, cancellation);
        try
        {
            if (transcript.NeedsOwnServer)
            {
                await play.BeAloneAsync();
            }

            foreach (var run in Runs(transcript.Steps))
            {
                await PlayRunAsync(play, run, UpdatesFile ? replacements : null);
            }

            await play.EndAsync();
        }
        finally
        {
            if (replacements.Count > 0)
            {
                File.WriteAllLines(transcript.Path, [.. transcript.WithLines(replacements)]);
            }
        }
    }

    private async Task PlayRunAsync(
        TranscriptPlay play, IReadOnlyList<TranscriptStep> run, Dictionary<int, IReadOnlyList<string>>? replacements)
    {
        switch (run[0].Kind)
        {
            case StepKind.Send or StepKind.SendRaw:
                await play.SendAsync(run, pieceBytes);
                break;
            case StepKind.Expect when replacements is not null:
                await play.UpdateAsync(run, replacements);
                break;
            case StepKind.Expect:
                await play.ExpectAsync(run);
                break;
            case StepKind.ExpectAmong:
                await play.ExpectAmongAsync(run);
                break;
            default:
                foreach (var step in run)
                {
                    await play.ActAsync(step);
                }

                break;
        }
    }

    /// <summary>Groups neighbouring steps that one client takes in one way.</summary>
    private static IEnumerable<IReadOnlyList<TranscriptStep>> Runs(IReadOnlyList<TranscriptStep> steps)
    {
        var run = new List<TranscriptStep>();
        foreach (var step in steps)
        {
            if (run.Count > 0 && !IsSameRun(run[^1], step))
            {
                yield return run;
                run = [];
            }

            run.Add(step);
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    private static bool IsSameRun(TranscriptStep a, TranscriptStep b)
        => a.Client == b.Client
            && (a.Kind == b.Kind || (IsSend(a.Kind) && IsSend(b.Kind)));

    private static bool IsSend(StepKind kind) => kind is StepKind.Send or StepKind.SendRaw;

    /// <summary>Eight bytes: as long in every play, so that lengths in transcripts hold.</summary>
    private static string NextQueue()
        => $"{Environment.ProcessId & 0xffff:x4}{Interlocked.Increment(ref _plays) & 0xffff:x4}";
}
