namespace Siberite.Ctl;

/// <summary>Why a command did not do what it was asked to: one line for whoever typed it, never with a
/// password.</summary>
internal sealed class CtlException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The process's exit code.</summary>
    public int ExitCode => exitCode;
}

/// <summary>What the tool tells scripts.</summary>
internal static class ExitCodes
{
    /// <summary>Done, or nothing to do.</summary>
    public const int Done = 0;

    /// <summary>Not done: the database or a silo refused or cannot be reached.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>A check found something missing or not well.</summary>
    public const int Missing = 3;
}
