namespace Siberite.Contracts;

/// <summary>One silo, by its address in the cluster: the key is <c>SiloAddress.ToParsableString()</c>. It lives on that
/// silo or nowhere.</summary>
[Alias("siberite.silo")]
public interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>Answers: the silo lives.</summary>
    [Alias("ping"), ResponseTimeout("00:00:03")]
    ValueTask PingAsync();

    /// <summary>Who the silo is, once it has its store; it waits a little for that.</summary>
    /// <returns><see langword="null"/> while it has none: ask again.</returns>
    [Alias("introduce"), ResponseTimeout("00:00:05")]
    ValueTask<SiloReport?> IntroduceAsync();
}

/// <summary>All queues of one store. The key is the store id, in 32 digits; it lives where the store is, or
/// nowhere.</summary>
/// <remarks>Short time-outs: these calls go to all silos at once, and one that hangs must not hold the
/// answer.</remarks>
[Alias("siberite.silo-queues")]
public interface ISiloQueuesGrain : IGrainWithStringKey
{
    /// <summary>Statistics of every queue of the store, or of the one named, if it is there.</summary>
    [Alias("get-stats"), ResponseTimeout("00:00:03")]
    ValueTask<QueueStats[]> GetStatsAsync(QueueName? name);

    /// <summary>What the silo has done.</summary>
    [Alias("get-counters"), ResponseTimeout("00:00:03")]
    ValueTask<SiloCounters> GetCountersAsync();

    /// <summary>Purges every queue of the store. Answers when that is committed.</summary>
    [Alias("purge-all"), ResponseTimeout("00:00:05")]
    ValueTask PurgeAllAsync();

    /// <summary>Appends one item to each of several queues of the store, all or nothing. Answers when that is
    /// committed.</summary>
    /// <returns><see cref="AppendStatus.Gone"/> if one of them is not open there: resolve the names again.</returns>
    [Alias("append-to-all")]
    ValueTask<AppendStatus> AppendToAllAsync(QueueName[] names, QueueCommand append);
}

/// <summary>Who a silo is. All of it stays the same while the silo runs.</summary>
/// <param name="Store">Its store.</param>
/// <param name="ClaimNumber">Of its claim to the store; 0 standalone.</param>
/// <param name="Run">Drawn at random at its start: names its gateway in session ids.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Of the program.</param>
/// <param name="Gateway">Where its memcache listener is, as configured.</param>
/// <param name="Admin">Where its admin listener is, as configured.</param>
/// <param name="Durability">What <c>STORED</c> means there.</param>
/// <param name="StartedAt">In Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("siberite.silo-report")]
public sealed record SiloReport(
    [property: Id(0)] StoreId Store,
    [property: Id(1)] long ClaimNumber,
    [property: Id(2)] long Run,
    [property: Id(3)] string Name,
    [property: Id(4)] string Version,
    [property: Id(5)] string Gateway,
    [property: Id(6)] string Admin,
    [property: Id(7)] Durability Durability,
    [property: Id(8)] long StartedAt);
