using Microsoft.Extensions.Logging;

namespace Siberite.Gateway;

// Ids: Gateway 3000s. Next free: 3006.
internal sealed partial class Session
{
    [LoggerMessage(3001, LogLevel.Debug, "Session {Session} lost: {Reason}")]
    private static partial void LogLost(ILogger log, long session, string reason);

    [LoggerMessage(3002, LogLevel.Debug, "Session {Session} dropped: it was past its deadline.")]
    private static partial void LogExpired(ILogger log, long session);

    [LoggerMessage(3003, LogLevel.Debug, "Session {Session} refused: {Reply}")]
    private static partial void LogRefused(ILogger log, long session, string reply);

    [LoggerMessage(3004, LogLevel.Information, "A client spoke {Protocol} to the memcache port. {Remedy}")]
    private static partial void LogForeign(ILogger log, string protocol, string remedy);

    [LoggerMessage(3005, LogLevel.Error, "Session {Session}: a command failed in a way that should be impossible.")]
    private static partial void LogFault(ILogger log, long session, Exception e);
}
