using System.Globalization;
using Siberite.Testing;

namespace Siberite.Truth.Tests.Observing;

/// <summary>The rows of <c>infra/docs/unavailability.md</c>, added to a file as they are measured.</summary>
internal sealed class UnavailabilityTable(string scenario)
{
    private const string Variable = "SIBERITE_CAMPAIGN_TABLE";

    private readonly List<string> _rows = [];

    /// <summary>What the file is when none is named.</summary>
    public static string Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path
        ? path
        : System.IO.Path.Combine(Repository.Root, "artifacts", "unavailability.md");

    /// <summary>Adds what the probes saw of a disturbance.</summary>
    /// <param name="what">The fault.</param>
    /// <param name="affected">Outages of the queues it concerned.</param>
    /// <param name="others">Those of all others.</param>
    /// <param name="remark">What else was seen.</param>
    public void Add(string what, IEnumerable<Outage?> affected, IEnumerable<Outage?> others, string remark)
    {
        var worst = Worst(affected);
        var refusal = worst is { } outage ? $"`{outage.FirstRefusal}`" : "none";
        _rows.Add($"| {what} | {Campaign.Profile} | {Text(worst)} | {Text(Worst(others))} | {refusal} | {remark} |");
    }

    public override string ToString() => $"{scenario}\n{string.Join('\n', _rows)}";

    public void Write()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.AppendAllLines(Path, _rows);
    }

    private static Outage? Worst(IEnumerable<Outage?> outages)
        => outages.Where(outage => outage is not null).OrderByDescending(outage => outage!.Value.Length)
            .FirstOrDefault();

    private static string Text(Outage? outage)
        => outage is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"{known.Length.TotalSeconds:f1} s")
            : "0";
}
