using System.Text.Json;
using System.Text.Json.Serialization;
using HdrHistogram;

namespace Siberite.Ctl.Bench;

/// <summary>What a load has shown, in the units that its names say. This is also its JSON.</summary>
internal sealed record LoadReport(
    ReportedLoad Load, double Seconds, long Requests, double RequestsPerSecond, long Hits, long Misses, long Errors,
    IReadOnlyDictionary<string, long> ErrorTexts, int LostConnections, long Unanswered, long Unsent, long SentBytes,
    long ReceivedBytes, IReadOnlyList<ReportedLatency> Latencies, IReadOnlyList<ReportedMoment> Course,
    ServerCost Server, ReportedDriver Driver)
{
    private static readonly JsonSerializerOptions JsonForm = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Whether every command was answered, and none with an error.</summary>
    [JsonIgnore]
    public bool IsClean => Errors == 0 && LostConnections == 0 && Unanswered == 0;

    public static LoadReport Create(
        BenchPlan plan, string greeting, TimeSpan elapsed, List<LoadCounts> counts,
        List<(TimeSpan At, long Replies)> samples, ServerCost server, double ownMicroseconds)
    {
        var sets = Sum(counts.Select(count => count.Sets));
        var gets = Sum(counts.Select(count => count.Gets));
        var all = Sum([sets, gets]);
        var texts = counts.SelectMany(count => count.Errors)
            .GroupBy(error => error.Key)
            .ToDictionary(group => group.Key, group => group.Sum(error => error.Value));
        return new LoadReport(
            new ReportedLoad(
                plan.Name, greeting, Words.Of(plan.Pattern), plan.Connections, plan.Pipeline, $"{plan.Sizes}",
                plan.Queues, plan.Rate, plan.WarmUp.TotalSeconds),
            elapsed.TotalSeconds, all.TotalCount, elapsed > TimeSpan.Zero ? all.TotalCount / elapsed.TotalSeconds : 0,
            counts.Sum(count => count.Hits), counts.Sum(count => count.Misses), counts.Sum(count => count.Refused),
            texts, counts.Sum(count => count.LostConnections), counts.Sum(count => count.Unanswered),
            counts.Sum(count => count.Unsent), counts.Sum(count => count.SentBytes),
            counts.Sum(count => count.ReceivedBytes),
            [.. LatenciesOf(("all", all), ("set", sets), ("get", gets))], [.. CourseOf(samples)], server,
            new ReportedDriver(plan.Threads, ownMicroseconds, counts.Sum(count => count.AllocatedBytes)));
    }

    public string ToJson() => JsonSerializer.Serialize(this, JsonForm) + "\n";

    /// <summary>Kinds that were asked; all of them together only if there are two.</summary>
    private static IEnumerable<ReportedLatency> LatenciesOf(params (string Kind, LongHistogram Times)[] histograms)
        => from histogram in histograms
           where histogram.Times.TotalCount > 0
           where histogram.Kind != "all" || histograms.All(other => other.Times.TotalCount > 0)
           select ReportedLatency.Create(histogram.Kind, histogram.Times);

    private static IEnumerable<ReportedMoment> CourseOf(List<(TimeSpan At, long Replies)> samples)
        => samples.Zip(samples.Skip(1), (before, after) => new ReportedMoment(
            Math.Round(after.At.TotalSeconds, 3),
            Math.Round((after.Replies - before.Replies) / (after.At - before.At).TotalSeconds)));

    private static LongHistogram Sum(IEnumerable<LongHistogram> parts)
    {
        var sum = LoadCounts.NewHistogram();
        foreach (var part in parts)
        {
            sum.Add(part);
        }

        return sum;
    }
}

/// <summary>What was asked.</summary>
internal sealed record ReportedLoad(
    string Target, string Server, string Pattern, int Connections, int Pipeline, string SizeBytes, int Queues,
    double? Rate, double WarmUpSeconds);

/// <summary>Requests a second around a moment.</summary>
internal sealed record ReportedMoment(double Seconds, double RequestsPerSecond);

/// <summary>What the driver itself used, to see that it was not what limited the load.</summary>
internal sealed record ReportedDriver(int Threads, double MicrosecondsPerRequest, long AllocatedBytes);

/// <summary>How long commands of one kind took.</summary>
internal sealed record ReportedLatency(
    string Kind, long Count, double MeanMicroseconds, double MaxMicroseconds,
    IReadOnlyList<ReportedPercentile> Percentiles)
{
    private static readonly double[] Wanted = [50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 99.9999];

    /// <summary>Percentiles that so many samples can tell: of a thousand, the highest is the 99.9th.</summary>
    public static ReportedLatency Create(string kind, LongHistogram times)
        => new(
            kind, times.TotalCount, Micro(times.GetMean()), Micro(times.GetMaxValue()),
            [.. Wanted.Where(percent => times.TotalCount * (100 - percent) >= 100 - 1e-6)
                .Select(percent => new ReportedPercentile(percent, Micro(times.GetValueAtPercentile(percent))))]);

    /// <returns><see langword="null"/> if there were too few samples for it.</returns>
    public double? At(double percent)
        => Percentiles.FirstOrDefault(found => found.Percent == percent)?.Microseconds;

    private static double Micro(double nanoseconds) => Math.Round(nanoseconds / 1000, 1);
}

/// <summary>So many of a hundred commands took at most so long.</summary>
internal sealed record ReportedPercentile(double Percent, double Microseconds);
