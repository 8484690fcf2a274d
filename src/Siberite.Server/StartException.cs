namespace Siberite.Server;

/// <summary>Why the server does not start: one line for whoever started it.</summary>
internal sealed class StartException(int exitCode, string message) : Exception(message)
{
    /// <summary>The process's exit code.</summary>
    public int ExitCode => exitCode;

    /// <summary>What was asked for makes no sense.</summary>
    public static StartException Usage(string message) => new(ExitCodes.Usage, message);

    /// <summary>What was asked for cannot be done here and now.</summary>
    public static StartException Failure(string message) => new(ExitCodes.StartFailed, message);
}

/// <summary>What the process tells whoever started it.</summary>
internal static class ExitCodes
{
    /// <summary>Stopped as asked; everything acknowledged is kept.</summary>
    public const int Stopped = 0;

    /// <summary>Could not start: a port or the data directory cannot be had.</summary>
    public const int StartFailed = 1;

    /// <summary>A flag or setting makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>A write or sync failed while serving. Start again to recover.</summary>
    public const int StoreFailed = 3;

    /// <summary>Another silo claimed the store while this one served. Its data directory is a copy.</summary>
    public const int StoreLost = 4;
}
