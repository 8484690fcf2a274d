using System.Text.RegularExpressions;

namespace Siberite.Testing.Transcripts;

/// <summary>One conversation of several clients with a server, as a text file.</summary>
/// <remarks>
/// <code>
/// # What must hold, in one sentence.
/// # settings: --Siberite:Gateway:MaxItemBytes=1024     (a server with these settings)
/// # server: own                                        (a server that no other story uses at the same time)
/// A> set {q} 0 0 5        sends the line and CRLF
/// A>> hello\r\n           sends exactly these bytes
/// A&lt; STORED               receives exactly this line and CRLF
/// A> stats {q}
/// A&lt;* STAT queue_{q}_age &lt;number>    the stats block up to END has this line
/// A! drop                 acts, and waits for the effect
/// </code>
/// Consecutive lines that one client sends leave in one segment, unless the player cuts them. Bytes: <c>\r \n \t \\</c>
/// and <c>\xNN</c>; <c>{3*a}</c> is <c>aaa</c>; <c>{q}</c> is eight bytes unlike those of any other play, so that
/// stories do not meet in a queue. <c>&lt;number></c> and <c>&lt;word></c> stand only in lines of statistics and of
/// the version.
/// Acts: <c>open</c>; <c>drop</c> (a plain close); <c>reset</c> (an abortive one, only with a server of its own);
/// <c>half-close</c>; <c>closed</c> (the server has closed, and said nothing more); <c>silent</c> (nothing has
/// arrived); <c>wait-blocked [n]</c> (this client's get is parked, as one of n on its queue); <c>wait-empty q</c> (a
/// peek finds nothing any more). When the file ends, every client still connected stops sending, and the server must
/// close without another byte.
/// </remarks>
public sealed partial class Transcript
{
    private const string SettingsDirective = "settings:";
    private const string ServerDirective = "server:";

    /// <summary>In settings: the folder of the file.</summary>
    private const string Folder = "{folder}";

    private readonly string[] _lines;

    private Transcript(string path, string[] lines)
    {
        Path = path;
        _lines = lines;
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>What must hold.</summary>
    public string Story { get; private set; } = "";

    /// <summary>Arguments that the server must have been started with.</summary>
    public IReadOnlyList<string> Settings { get; private set; } = [];

    /// <summary>Whether nobody else may use the server while this is played.</summary>
    public bool NeedsOwnServer { get; private set; }

    /// <summary>Everything that happens, in order.</summary>
    public IReadOnlyList<TranscriptStep> Steps { get; private set; } = [];

    /// <summary>Reads a file.</summary>
    public static Transcript Load(string path) => Parse(path, File.ReadAllLines(path));

    /// <summary>Reads lines that came from somewhere.</summary>
    public static Transcript Parse(string path, string[] lines)
    {
        var transcript = new Transcript(path, lines);
        transcript.Steps = [.. lines.Select(transcript.ReadLine).OfType<TranscriptStep>()];
        if (transcript.Story.Length == 0)
        {
            throw new TranscriptException(path, 1, "the first line must be a comment that says what must hold");
        }

        return transcript;
    }

    /// <summary>The file with some lines replaced by any number of others.</summary>
    /// <param name="replacements">From line number, counted from 1, to what stands there instead.</param>
    internal IEnumerable<string> WithLines(IReadOnlyDictionary<int, IReadOnlyList<string>> replacements)
        => _lines.SelectMany((line, index) => replacements.GetValueOrDefault(index + 1, [line]));

    private TranscriptStep? ReadLine(string line, int index)
    {
        if (line.StartsWith('#'))
        {
            ReadComment(line[1..].Trim());
            return null;
        }

        if (string.IsNullOrWhiteSpace(line))
        {
            return null;
        }

        if (StepLine().Match(line) is not { Success: true } match)
        {
            throw new TranscriptException(Path, index + 1, $"not a line of a transcript: {line}");
        }

        var kind = match.Groups["kind"].Value switch
        {
            ">" => StepKind.Send,
            ">>" => StepKind.SendRaw,
            "<" => StepKind.Expect,
            "<*" => StepKind.ExpectAmong,
            _ => StepKind.Act,
        };
        return new TranscriptStep(index + 1, match.Groups["client"].Value, kind, match.Groups["text"].Value);
    }

    private void ReadComment(string comment)
    {
        if (Story.Length == 0)
        {
            Story = comment;
        }
        else if (comment.StartsWith(SettingsDirective, StringComparison.Ordinal))
        {
            var settings = comment[SettingsDirective.Length..];
            Settings = settings.Replace(Folder, System.IO.Path.GetDirectoryName(Path), StringComparison.Ordinal)
                .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        else if (comment.StartsWith(ServerDirective, StringComparison.Ordinal))
        {
            NeedsOwnServer = comment[ServerDirective.Length..].Trim() == "own";
        }
    }

    [GeneratedRegex(@"^(?<client>[A-Z][A-Za-z0-9]*)(?<kind>>>|>|<\*|<|!)(?: (?<text>.*))?$")]
    private static partial Regex StepLine();
}
