using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Ids: Cluster 2000s. Next free here: 2025.
internal sealed partial class QueueRouter
{
    [LoggerMessage(2021, LogLevel.Debug, "Queue {Queue} is found in store {Store}.")]
    private static partial void LogResolved(ILogger log, string queue, StoreId store);

    [LoggerMessage(2023, LogLevel.Warning,
        "The queue directory cannot be asked, so queues that are not known yet cannot be found: {Reason}")]
    private static partial void LogDirectoryAway(ILogger log, string reason);

    [LoggerMessage(2024, LogLevel.Warning,
        "Alias {Name} masks a queue of that name: the queue's items stay, and no client reaches them.")]
    private static partial void LogMasked(ILogger log, string name);

    [LoggerMessage(2022, LogLevel.Debug, "Silo {Name} could not be asked.")]
    private static partial void LogNotReached(ILogger log, Exception failure, string name);
}
