using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

// Ids: Cluster 2000s. Next free here: 2045.
internal sealed partial class ClusterView
{
    [LoggerMessage(2041, LogLevel.Information, "Silo {Name} ({Silo}) is here, with store {Store}.")]
    private static partial void LogIntroduced(ILogger log, string name, SiloAddress silo, StoreId store);

    [LoggerMessage(2042, LogLevel.Warning, "Silo {Name} ({Silo}) is away, and the queues of store {Store} with it.")]
    private static partial void LogAway(ILogger log, string name, SiloAddress silo, StoreId store);

    [LoggerMessage(2043, LogLevel.Debug, "Silo {Silo} did not say who it is.")]
    private static partial void LogNotIntroduced(ILogger log, Exception failure, SiloAddress silo);

    [LoggerMessage(2044, LogLevel.Debug, "The records of the cluster's stores could not be read; the last ones stand.")]
    private static partial void LogNotRefreshed(ILogger log, Exception failure);
}
