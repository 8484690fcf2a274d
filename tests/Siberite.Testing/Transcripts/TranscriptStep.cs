namespace Siberite.Testing.Transcripts;

/// <summary>What a line of a transcript does.</summary>
public enum StepKind
{
    /// <summary><c>A> text</c>: the client sends the text and CRLF.</summary>
    Send,

    /// <summary><c>A>> text</c>: the client sends the text as it is.</summary>
    SendRaw,

    /// <summary><c>A&lt; text</c>: the client receives exactly the text and CRLF.</summary>
    Expect,

    /// <summary><c>A&lt;* text</c>: the stats block that the client receives has this line somewhere.</summary>
    ExpectAmong,

    /// <summary><c>A! verb</c>: something happens to the connection, and its effect is awaited.</summary>
    Act,
}

/// <summary>One line of a transcript.</summary>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="Client">Who acts.</param>
/// <param name="Kind">What the line does.</param>
/// <param name="Text">The rest of the line, still escaped.</param>
public sealed record TranscriptStep(int Line, string Client, StepKind Kind, string Text);
