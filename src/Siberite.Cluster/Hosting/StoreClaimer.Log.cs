using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Ids: Cluster 2000s. Next free here: 2036.
internal sealed partial class StoreClaimer
{
    [LoggerMessage(2031, LogLevel.Information, "Store {Store} is this silo's, by claim {ClaimNumber}.")]
    private static partial void LogClaimed(ILogger log, StoreId store, long claimNumber);

    [LoggerMessage(2032, LogLevel.Warning,
        "Store {Store} was last with silo {Name} ({Holder}), which does not answer but still is a member of the "
        + "cluster. Waiting until membership declares it dead.")]
    private static partial void LogWaiting(ILogger log, StoreId store, string name, SiloAddress holder);

    [LoggerMessage(2033, LogLevel.Warning, "The store cannot be claimed yet: {Reason}")]
    private static partial void LogCannotClaim(ILogger log, string reason);

    [LoggerMessage(2034, LogLevel.Critical,
        "Store {Store} has been claimed by another silo: this data directory is a copy, or was moved. Stopping.")]
    private static partial void LogLost(ILogger log, StoreId store);

    [LoggerMessage(2035, LogLevel.Debug, "The counts of store {Store} could not be reported.")]
    private static partial void LogNotReported(ILogger log, Exception failure, StoreId store);
}
