using System.Text.Json.Serialization;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>What <c>/api/queues</c> answers, and what the page is first filled with.</summary>
/// <param name="Silo">Facts about this silo.</param>
/// <param name="Totals">All its queues.</param>
/// <param name="Matching">Queues the filter lets through.</param>
/// <param name="Queues">The first of these in the order asked for.</param>
/// <param name="Silos">All silos of the cluster, those that are away included.</param>
internal sealed record BoardReport(
    SiloFacts Silo, QueueTotals Totals, int Matching, IReadOnlyList<QueueRow> Queues, IReadOnlyList<SiloRow> Silos)
{
    /// <summary>Most queues in one answer, 500: what a browser shows smoothly every two seconds.</summary>
    public const int MaxQueues = 500;

    /// <summary>Looks, at most a second late.</summary>
    /// <exception cref="AdminRefusal">The page asked for cannot be.</exception>
    public static async Task<BoardReport> ReadAsync(BoardQuery query, ClusterBoard board, SiloFactsReader facts)
    {
        var (filter, skip, take) = ((query.Filter ?? "").Trim(), query.Skip ?? 0, query.Take ?? MaxQueues);
        if (skip < 0 || take is < 0 or > MaxQueues)
        {
            throw AdminRefusal.Invalid($"'skip' must not be negative, 'take' must be 0 to {MaxQueues}.");
        }

        var look = await board.ReadAsync();
        var rows = look.Find(filter, QueueOrder.Named(query.Sort), descending: query.Order != "asc");
        return new BoardReport(
            facts.Read(), look.Totals, look.CountMatching(filter), [.. rows.Skip(skip).Take(take)],
            [.. look.Silos.Select(SiloRow.Of)]);
    }
}

/// <summary>Which queues, in which order.</summary>
/// <param name="Filter">Part of a name.</param>
/// <param name="Sort">The column.</param>
/// <param name="Order">asc, or anything else for the largest first.</param>
/// <param name="Skip">Rows passed over.</param>
/// <param name="Take">Rows shown at most.</param>
internal sealed record BoardQuery(string? Filter, string? Sort, string? Order, int? Skip, int? Take)
{
    /// <summary>The same from the page's own address, where a page is never asked for.</summary>
    public static BoardQuery Of(IQueryCollection query)
        => new(query["filter"], query["sort"], query["order"], Skip: null, Take: null);
}

/// <summary>One queue of the table. Rates are <see langword="null"/> until there are two looks to compare.</summary>
internal sealed record QueueRow(
    string Name, long Items, long Bytes, double? OldestSeconds, int OpenReads, int Waiters, double? InPerSecond,
    double? OutPerSecond, string Silo, [property: JsonIgnore] QueueStats Stats)
{
    /// <summary>Whether the figures say nothing, because its stored bytes cannot be read.</summary>
    public bool IsUnreadable => Stats.IsUnreadable;

    /// <summary>Whether more is kept beside its cursors than its settings call normal.</summary>
    public bool IsHeldByCursors => Stats.IsHeldByCursors;

    /// <summary>Its cursors.</summary>
    public int Cursors => Stats.Cursors.Count;

    /// <summary>Whether reads are refused by a setting.</summary>
    public bool IsPaused => Stats.IsPaused;

    /// <summary>What is not as it is with most queues, in a few words; empty if all is.</summary>
    public string State => string.Join(
        ", ", IsUnreadable ? ["unreadable"] : StateWords());

    /// <summary>Items that are not due yet.</summary>
    public long Delayed => Stats.DelayedCount;

    /// <summary>Items since the silo started that went to its dead-letter queue.</summary>
    public long DeadLetters => Stats.DeadLetterCount;

    private IEnumerable<string> StateWords()
        => new[] { IsPaused ? "paused" : "", IsHeldByCursors ? "held by cursors" : "" }.Where(word => word.Length > 0);
}

/// <summary>One silo of the cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="StoreId">Names its data directory.</param>
/// <param name="IsAway">Whether it cannot be reached: its queues are not shown, and the counts are what it reported
/// last.</param>
/// <param name="IsDraining">Whether it takes no new queues.</param>
/// <param name="Queues">Its queues.</param>
/// <param name="Items">Items that wait in them.</param>
/// <param name="Version">Of its program; <see langword="null"/> while it is away, as all that follows.</param>
/// <param name="Gateway">Where clients connect, as configured there.</param>
/// <param name="Admin">Where its pages are, as configured there.</param>
/// <param name="Durability">The policy's name.</param>
/// <param name="StartedAt">When it started.</param>
internal sealed record SiloRow(
    string Name, string StoreId, bool IsAway, bool IsDraining, long Queues, long Items, string? Version,
    string? Gateway, string? Admin, string? Durability, DateTimeOffset? StartedAt)
{
    public static SiloRow Of(SiloStats silo) => new(
        silo.Name, silo.Store.ToString(), silo.IsAway, silo.IsDraining, silo.QueueCount, silo.ItemCount,
        silo.Report?.Version, silo.Report?.Gateway, silo.Report?.Admin, silo.Report?.Durability.ToString(),
        silo.Report is { } report ? DateTimeOffset.FromUnixTimeMilliseconds(report.StartedAt) : null);
}

/// <summary>All queues of the silos that were reached.</summary>
internal sealed record QueueTotals(
    int Queues, long Items, long Bytes, long OpenReads, long Waiters, double? InPerSecond, double? OutPerSecond)
{
    /// <summary>Items that are not due yet.</summary>
    public long Delayed { get; init; }
}

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
