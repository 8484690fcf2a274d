using Microsoft.Extensions.Logging;

namespace Siberite.Cluster;

// Ids: Cluster 2000s. Next free here: 2013.
internal sealed partial class GrainQueue
{
    [LoggerMessage(2011, LogLevel.Debug, "A call to queue {Queue} with {CommandCount} commands failed.")]
    private static partial void LogCallFailed(ILogger log, Exception failure, string queue, int commandCount);

    [LoggerMessage(2012, LogLevel.Warning,
        "Queue {Queue}: an item of session {Session} could not be given back; it stays open until its silo restarts.")]
    private static partial void LogGaveUp(ILogger log, string queue, long session);
}
