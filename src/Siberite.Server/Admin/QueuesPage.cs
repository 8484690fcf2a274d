using System.Globalization;
using System.Net;
using System.Text;

namespace Siberite.Server.Admin;

/// <summary>The page of queues: complete as it comes, and kept fresh by <c>queues.js</c> where scripts run.</summary>
internal static class QueuesPage
{
    private static readonly string Template = new StreamReader(PageAsset.Open("queues.html")).ReadToEnd();

    /// <summary>What the page refers to.</summary>
    public static IReadOnlyList<PageAsset> Assets { get; } =
    [
        new("queues.js", "text/javascript; charset=utf-8"),
        new("queue.js", "text/javascript; charset=utf-8"),
        new("queues.css", "text/css; charset=utf-8"),
        new("favicon.svg", "image/svg+xml"),
    ];

    public static Task WriteAsync(HttpContext context, BoardReport report)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(Render(report), context.RequestAborted);
    }

    public static string Render(BoardReport report)
    {
        var (silo, totals) = (report.Silo, report.Totals);
        var page = new StringBuilder(Template);
        Fill(page, "trouble", silo.Trouble is null ? "" : $"This silo is not healthy: {silo.Trouble}.");
        Fill(page, "trouble-hidden", silo.Trouble is null ? "hidden" : "");
        Fill(page, "away", AwayOf(report));
        Fill(page, "away-hidden", report.Silos.Any(silo => silo.IsAway) ? "" : "hidden");
        Fill(page, "version", silo.Version);
        Fill(page, "uptime", Figures.Duration(silo.UptimeSeconds));
        Fill(page, "connections", Figures.Count(silo.Connections));
        Fill(page, "durability", silo.Durability);
        Fill(page, "store", silo.StoreId);
        Fill(page, "directory", silo.DataDirectory);
        Fill(page, "free", Figures.Bytes(silo.FreeBytes));
        Fill(page, "total-queues", Figures.Count(totals.Queues));
        Fill(page, "total-items", Figures.Count(totals.Items));
        Fill(page, "total-bytes", Figures.Bytes(totals.Bytes));
        Fill(page, "total-open", Figures.Count(totals.OpenReads));
        Fill(page, "total-waiters", Figures.Count(totals.Waiters));
        Fill(page, "total-delayed", Figures.Count(totals.Delayed));
        Fill(page, "total-in", Figures.Rate(totals.InPerSecond));
        Fill(page, "total-out", Figures.Rate(totals.OutPerSecond));
        Fill(page, "note", NoteOf(report));
        page.Replace("{{rows}}", RowsOf(report)); // Last: queue names may look like placeholders.
        return page.ToString();
    }

    private static string AwayOf(BoardReport report)
    {
        var away = report.Silos.Where(silo => silo.IsAway).ToArray();
        var items = Figures.Count(away.Sum(silo => silo.Items));
        return away.Length == 0
            ? ""
            : $"Away: {string.Join(", ", away.Select(silo => silo.Name))}. Queues that have their home there, with "
                + $"{items} items when last heard of, are unavailable and not shown.";
    }

    private static string NoteOf(BoardReport report)
        => report.Matching == 0 ? "No queues yet. The first set makes one."
            : report.Matching > report.Queues.Count
                ? $"The first {Figures.Count(report.Queues.Count)} of {Figures.Count(report.Matching)} queues "
                    + "are shown."
                : "";

    private static string RowsOf(BoardReport report)
    {
        var rows = new StringBuilder();
        foreach (var queue in report.Queues)
        {
            rows.Append("<tr>");
            Cell(queue.Name);
            Cell(queue.IsUnreadable ? "unreadable" : Figures.Count(queue.Items));
            Cell(Figures.Bytes(queue.Bytes));
            Cell(Figures.Duration(queue.OldestSeconds));
            Cell(Figures.Count(queue.OpenReads));
            Cell(Figures.Count(queue.Waiters));
            Cell(Figures.Count(queue.Delayed));
            Cell(Figures.Count(queue.DeadLetters));
            Cell(Figures.Rate(queue.InPerSecond));
            Cell(Figures.Rate(queue.OutPerSecond));
            Cell(queue.Silo);
            Cell(queue.State);
            Cell(""); // Where scripts run, a button.
            rows.Append("</tr>\n");
        }

        return rows.ToString();

        void Cell(string text) => rows.Append("<td>").Append(WebUtility.HtmlEncode(text)).Append("</td>");
    }

    private static void Fill(StringBuilder page, string name, string text)
        => page.Replace($"{{{{{name}}}}}", WebUtility.HtmlEncode(text));
}

/// <summary>A file that is part of the program.</summary>
internal sealed record PageAsset(string Name, string ContentType)
{
    public static Stream Open(string name) => typeof(PageAsset).Assembly.GetManifestResourceStream(name)!;

    public async Task WriteAsync(HttpContext context)
    {
        await using var content = Open(Name);
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = content.Length;
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

/// <summary>Figures as people read them. <c>queues.js</c> writes them the same way.</summary>
internal static class Figures
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Bytes(long? value)
    {
        if (value is not { } bytes)
        {
            return "–";
        }

        var unit = 0;
        double amount = bytes;
        while (amount >= 1024 && unit < Units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        var digits = unit == 0 || amount >= 100 ? "0" : "0.0";
        return $"{amount.ToString(digits, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    public static string Duration(double? value)
    {
        if (value is not { } seconds)
        {
            return "–";
        }

        var whole = (long)seconds;
        return whole < 60 ? $"{whole} s"
            : whole < 3_600 ? $"{whole / 60} min {whole % 60} s"
            : whole < 86_400 ? $"{whole / 3_600} h {whole % 3_600 / 60} min"
            : $"{whole / 86_400} d {whole % 86_400 / 3_600} h";
    }

    public static string Rate(double? value)
        => value is not { } rate ? "–"
            : rate is > 0 and < 10 ? rate.ToString("0.0", CultureInfo.InvariantCulture)
            : Count((long)Math.Round(rate));
}
