namespace Siberite.Testing.Transcripts;

/// <summary>A transcript that cannot be read, or a conversation that went another way.</summary>
public sealed class TranscriptException(string path, int line, string problem)
    : Exception($"{path}:{line}: {problem}");
