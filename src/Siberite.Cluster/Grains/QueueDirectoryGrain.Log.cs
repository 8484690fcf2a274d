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

    [LoggerMessage(2103, LogLevel.Information, "Queue {Queue} is told at run time: {Settings}.")]
    private static partial void LogSettingsChanged(ILogger log, string queue, string settings);

    [LoggerMessage(2104, LogLevel.Warning,
        "Queue {Queue}: the home in store {Store} could not be told its old settings again: {Reason}")]
    private static partial void LogNotTold(ILogger log, string queue, StoreId store, string reason);
}
