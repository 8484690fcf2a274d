namespace Siberite.Testing.Histories.Workload;

/// <summary>What replies say of a command's effect, by their beginnings.</summary>
/// <param name="OfSets">After these a set has certainly left nothing behind.</param>
/// <param name="OfReads">After these a get has certainly taken nothing, and its session goes on. Any other error ends
/// it.</param>
internal sealed record Refusals(IReadOnlyList<string> OfSets, IReadOnlyList<string> OfReads)
{
    /// <summary>Of a silo that stands alone.</summary>
    public static Refusals Standalone { get; } = new(
        ["NOT_STORED", "CLIENT_ERROR", "ERROR", "SERVER_ERROR disk full", "SERVER_ERROR shutting down"], []);

    /// <summary>Of a silo of a cluster: a queue whose home is away says so, and that means something.</summary>
    public static Refusals Cluster { get; } = new(
        [
            .. Standalone.OfSets, "SERVER_ERROR queue unavailable", "SERVER_ERROR queue directory unavailable",
        ],
        ["SERVER_ERROR queue unavailable", "SERVER_ERROR queue directory unavailable"]);

    public bool IsOfSets(string line) => Has(OfSets, line);

    public bool IsOfReads(string line) => Has(OfReads, line);

    private static bool Has(IReadOnlyList<string> beginnings, string line)
        => beginnings.Any(beginning => line.StartsWith(beginning, StringComparison.Ordinal));
}
