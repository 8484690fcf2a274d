namespace Siberite.Contracts;

/// <summary>What a silo has done since its start, or since its clients' counts were reset.</summary>
/// <param name="OpenSessions">Connections open now.</param>
/// <param name="TotalSessions">Connections accepted.</param>
/// <param name="SetCommands"><c>set</c> commands answered.</param>
/// <param name="GetCommands">Commands that asked for an item, peeks excluded.</param>
/// <param name="PeekCommands">Peeks.</param>
/// <param name="GetHits">Gets answered with an item.</param>
/// <param name="GetMisses">Gets answered without one.</param>
/// <param name="ReceivedBytes">Bytes received from clients.</param>
/// <param name="SentBytes">Bytes sent to clients.</param>
[GenerateSerializer, Immutable, Alias("siberite.client-counters")]
public sealed record ClientCounters(
    [property: Id(0)] long OpenSessions,
    [property: Id(1)] long TotalSessions,
    [property: Id(2)] long SetCommands,
    [property: Id(3)] long GetCommands,
    [property: Id(4)] long PeekCommands,
    [property: Id(5)] long GetHits,
    [property: Id(6)] long GetMisses,
    [property: Id(7)] long ReceivedBytes,
    [property: Id(8)] long SentBytes);

/// <summary>What a silo has done with queues since its start, and what they take of its memory.</summary>
/// <param name="Created">Queues that got their first item.</param>
/// <param name="Deleted">Queues that were deleted.</param>
/// <param name="Expired">Of these, those that were deleted because they were empty and old.</param>
/// <param name="CacheBytes">Payload held in memory.</param>
/// <param name="CacheLimitBytes">How much that may be.</param>
[GenerateSerializer, Immutable, Alias("siberite.queue-counters")]
public sealed record QueueCounters(
    [property: Id(0)] long Created,
    [property: Id(1)] long Deleted,
    [property: Id(2)] long Expired,
    [property: Id(3)] long CacheBytes,
    [property: Id(4)] long CacheLimitBytes);

/// <summary>Both, of one silo.</summary>
/// <param name="Clients"><see langword="null"/> if it has no gateway.</param>
/// <param name="Queues">Of its engine.</param>
[GenerateSerializer, Immutable, Alias("siberite.silo-counters")]
public sealed record SiloCounters(
    [property: Id(0)] ClientCounters? Clients, [property: Id(1)] QueueCounters Queues);

/// <summary>What this silo's gateway has done.</summary>
public interface IClientCounters
{
    /// <summary>As of now.</summary>
    ClientCounters Read();
}
