using System.Globalization;
using Siberite.Ctl.Plotting;

namespace Siberite.Ctl.Bench;

/// <summary>Draws what a load has shown: latency over percentiles, and throughput over time.</summary>
internal static class LoadPlot
{
    /// <summary>Below the first percentile that is drawn the axis would show nothing but the median.</summary>
    private const double FirstPercent = 50;

    public static string Draw(LoadReport report)
    {
        var load = report.Load;
        var title = string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Pattern}, {load.Connections} connections x {load.Pipeline}, {load.SizeBytes}-byte items");
        var chart = new Chart();
        if (report.Latencies.Count > 0)
        {
            var all = report.Latencies.SelectMany(latency => latency.Percentiles).ToList();
            var times = all.Select(point => point.Microseconds).ToList();
            chart.AddLines(
                $"Latency: {title}", PercentAxis(all.Max(point => point.Percent)),
                ChartAxis.Logarithmic("microseconds", times.Min(), times.Max()),
                [.. report.Latencies.Select(latency => new ChartLine(
                    latency.Kind,
                    [.. latency.Percentiles.Select(point => (Rarity(point.Percent), point.Microseconds))]))]);
        }

        if (report.Course.Count > 0)
        {
            chart.AddLines(
                "Throughput over time", ChartAxis.Linear("seconds", report.Course[^1].Seconds),
                ChartAxis.Linear("requests/s", report.Course.Max(moment => moment.RequestsPerSecond)),
                [new ChartLine(
                    "requests/s", [.. report.Course.Select(moment => (moment.Seconds, moment.RequestsPerSecond))])]);
        }

        return chart.ToSvg();
    }

    /// <summary>One in so many is slower: the axis has equal room for 90, 99 and 99.9.</summary>
    private static double Rarity(double percent) => 100 / (100 - percent);

    private static ChartAxis PercentAxis(double last)
    {
        var marks = new[] { 50, 90, 99, 99.9, 99.99, 99.999, 99.9999 };
        return new ChartAxis(
            "percentile", Rarity(FirstPercent), Rarity(Math.Max(last, marks[1])),
            [.. marks.Where(mark => mark <= Math.Max(last, marks[1])).Select(mark => (
                Rarity(mark), mark.ToString(CultureInfo.InvariantCulture)))],
            IsLogarithmic: true);
    }
}
