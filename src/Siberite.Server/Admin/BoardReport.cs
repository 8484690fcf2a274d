using System.Text.Json.Serialization;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>What <c>/api/queues</c> answers, and what the page is first filled with.</summary>
/// <param name="Silo">Facts about this silo.</param>
/// <param name="Totals">All its queues.</param>
/// <param name="Matching">Queues the filter lets through.</param>
/// <param name="Queues">The first of these in the order asked for.</param>
internal sealed record BoardReport(SiloFacts Silo, QueueTotals Totals, int Matching, IReadOnlyList<QueueRow> Queues)
{
    /// <summary>Most queues in one answer, 500: what a browser shows smoothly every two seconds.</summary>
    public const int MaxQueues = 500;
}

/// <summary>One queue of the table. Rates are <see langword="null"/> until there are two looks to compare.</summary>
internal sealed record QueueRow(
    string Name, long Items, long Bytes, double? OldestSeconds, int OpenReads, int Waiters, double? InPerSecond,
    double? OutPerSecond, [property: JsonIgnore] QueueStats Stats)
{
    /// <summary>Whether the figures say nothing, because its stored bytes cannot be read.</summary>
    public bool IsUnreadable => Stats.IsUnreadable;
}

/// <summary>All queues of the silo.</summary>
internal sealed record QueueTotals(
    int Queues, long Items, long Bytes, long OpenReads, long Waiters, double? InPerSecond, double? OutPerSecond);

/// <summary>The silo itself.</summary>
/// <param name="Version">Of the program.</param>
/// <param name="UptimeSeconds">Since it started.</param>
/// <param name="Connections">Open memcache connections.</param>
/// <param name="Durability">The policy's name.</param>
/// <param name="StoreId">Names the data directory.</param>
/// <param name="DataDirectory">Where it is.</param>
/// <param name="FreeBytes">Room on its disk; <see langword="null"/> if the system does not say.</param>
/// <param name="Trouble">Why the silo is unhealthy; <see langword="null"/> while it is well.</param>
internal sealed record SiloFacts(
    string Version, long UptimeSeconds, long Connections, string Durability, string StoreId, string DataDirectory,
    long? FreeBytes, string? Trouble);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BoardReport))]
internal sealed partial class BoardJson : JsonSerializerContext;
