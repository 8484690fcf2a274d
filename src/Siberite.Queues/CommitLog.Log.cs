using Microsoft.Extensions.Logging;

namespace Siberite.Queues;

// Ids: Queues 1500s. Next free in this project: 1507.
public sealed partial class CommitLog
{
    [LoggerMessage(1501, LogLevel.Critical,
        "The store failed; nothing is acknowledged any more. Restart the silo to recover what was committed.")]
    private static partial void LogFailed(ILogger log, Exception e);
}
