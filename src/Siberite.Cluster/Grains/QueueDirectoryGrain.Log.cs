using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Ids: Cluster 2000s. Next free here: 2003.
internal sealed partial class QueueDirectoryGrain
{
    [LoggerMessage(2001, LogLevel.Debug, "Queue {Queue} has its home in store {Store}.")]
    private static partial void LogCreated(ILogger log, string queue, StoreId store);

    [LoggerMessage(2085, LogLevel.Information, "Queue {Queue} moved to store {Store}.")]
    private static partial void LogMoved(ILogger log, string queue, StoreId store);

    [LoggerMessage(2002, LogLevel.Debug, "Queue {Queue} was taken off the directory.")]
    private static partial void LogDeleted(ILogger log, string queue);
}
