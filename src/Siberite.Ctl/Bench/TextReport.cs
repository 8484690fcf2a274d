using System.Globalization;
using System.Text;

namespace Siberite.Ctl.Bench;

/// <summary>Says what a load has shown, for people.</summary>
internal static class TextReport
{
    private static readonly double[] Shown = [50, 90, 99, 99.9, 99.99];

    public static string Write(LoadReport report)
    {
        var text = new StringBuilder();
        var load = report.Load;
        Line(text, "target", $"{load.Target} ({load.Server})");
        Line(text, "load", $"{load.Pattern}, {load.Connections} connections x {load.Pipeline}, {load.SizeBytes}-byte "
            + $"items, {load.Queues} queues, "
            + (load.Rate is { } rate ? Number($"{rate:N0} requests/s asked for") : "as fast as replies come"));
        Line(text, "requests", Number($"{report.Requests:N0} in {report.Seconds:N1} s: ")
            + Number($"{report.RequestsPerSecond:N0}/s"));
        if (report.Hits + report.Misses > 0)
        {
            Line(text, "gets", Number($"{report.Hits:N0} items, {report.Misses:N0} times nothing"));
        }

        Line(
            text, "bytes", Number($"{report.SentBytes / 1e6:N1} MB sent, ")
            + Number($"{report.ReceivedBytes / 1e6:N1} MB received"));
        if (report.Server.MicrosecondsPerRequest is { } cost)
        {
            Line(text, "server", Number($"{cost:N2} us of processor time per request, ")
                + Number($"{(report.Server.ResidentBytes ?? 0) / 1e6:N0} MB resident"));
        }

        AddTroubles(text, report);
        AddLatencies(text, report);
        return text.ToString().TrimEnd();
    }

    private static void AddTroubles(StringBuilder text, LoadReport report)
    {
        Line(text, "errors", report.Errors == 0 ? "none" : Number($"{report.Errors:N0}"));
        foreach (var (error, count) in report.ErrorTexts)
        {
            Line(text, "", Number($"{count:N0} x {error}"));
        }

        if (report.LostConnections > 0)
        {
            Line(text, "lost", Number($"{report.LostConnections:N0} connections, closed by the server"));
        }

        if (report.Unanswered > 0)
        {
            Line(text, "silence", Number($"{report.Unanswered:N0} commands were never answered"));
        }

        if (report.Unsent > 0)
        {
            Line(text, "unsent", Number($"{report.Unsent:N0} commands were due when every pipeline was full"));
        }
    }

    private static void AddLatencies(StringBuilder text, LoadReport report)
    {
        if (report.Latencies.Count == 0)
        {
            return;
        }

        text.Append("latency, us").AppendJoin("", Shown.Select(percent => Number($"{"p" + percent,10}")))
            .AppendLine(Number($"{"max",10}{"mean",10}"));
        foreach (var latency in report.Latencies)
        {
            text.Append(Number($"  {latency.Kind,-9}"))
                .AppendJoin("", Shown.Select(percent => Number($"{Short(latency.At(percent)),10}")))
                .AppendLine(Number($"{Short(latency.MaxMicroseconds),10}{Short(latency.MeanMicroseconds),10}"));
        }

        if (report.Load.Rate is null)
        {
            text.AppendLine("  (timed from each command's making; with --rate, from when it was due)");
        }
    }

    private static string Short(double? microseconds)
        => microseconds is { } value ? Number($"{value:N0}") : "-";

    private static void Line(StringBuilder text, string name, string value)
        => text.Append(Number($"{name,-9}")).AppendLine(value);

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Words of the command line.</summary>
internal static class Words
{
#pragma warning disable CA1308 // Options are written in lower case.
    public static string Of(LoadPattern pattern) => pattern.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
