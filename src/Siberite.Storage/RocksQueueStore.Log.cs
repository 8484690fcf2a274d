using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Storage;

// Ids: Storage 1000s. Next free here: 1005.
public sealed partial class RocksQueueStore
{
    [LoggerMessage(1001, LogLevel.Information, "Store {StoreId} in {DataDirectory} opened in {ElapsedMs} ms.")]
    private static partial void LogOpened(ILogger logger, string dataDirectory, StoreId storeId, long elapsedMs);

    [LoggerMessage(1002, LogLevel.Debug,
        "Queue {QueueId}: {FreedBytes} bytes given back in {ElapsedMs} ms, {LeftBytes} left.")]
    private static partial void LogReclaimed(
        ILogger logger, long queueId, long freedBytes, long leftBytes, long elapsedMs);

    [LoggerMessage(1003, LogLevel.Error,
        "The {Operation} of the store in {DataDirectory} failed. Nothing is acknowledged until a restart.")]
    private static partial void LogFailed(ILogger logger, Exception cause, string operation, string dataDirectory);

    [LoggerMessage(1004, LogLevel.Error,
        "The store in {DataDirectory} has a bad block: compaction is off, and the space of what is read hardly comes "
        + "back. Have the queues drained, then start on a new directory. {File} there says so; remove it to try "
        + "again.")]
    private static partial void LogNoCompaction(ILogger logger, string dataDirectory, string file);
}
