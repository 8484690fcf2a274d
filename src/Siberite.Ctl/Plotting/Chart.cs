using System.Globalization;
using System.Net;
using System.Text;

namespace Siberite.Ctl.Plotting;

/// <summary>A named run of points.</summary>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>One direction of a chart.</summary>
/// <param name="Title">What is measured, with its unit.</param>
/// <param name="First">Value at the lower end; above 0 if logarithmic.</param>
/// <param name="Last">Value at the upper end.</param>
/// <param name="Ticks">Values that are marked, with what is written there.</param>
/// <param name="IsLogarithmic">Whether equal distances are equal ratios.</param>
internal sealed record ChartAxis(
    string Title, double First, double Last, IReadOnlyList<(double Value, string Text)> Ticks, bool IsLogarithmic)
{
    /// <summary>From 0, with marks at round numbers.</summary>
    public static ChartAxis Linear(string title, double last)
    {
        var top = Math.Max(last, 1e-9);
        var step = RoundUp(top / 5);
        var count = (int)Math.Ceiling(top / step);
        return new ChartAxis(
            title, 0, count * step, [.. Enumerable.Range(0, count + 1).Select(index => Tick(index * step))],
            IsLogarithmic: false);
    }

    /// <summary>Whole decades around the values.</summary>
    public static ChartAxis Logarithmic(string title, double first, double last)
    {
        var low = Math.Floor(Math.Log10(Math.Max(first, 1e-9)));
        var high = Math.Max(low + 1, Math.Ceiling(Math.Log10(Math.Max(last, 1e-9))));
        var decades = Enumerable.Range((int)low, (int)(high - low) + 1);
        return new ChartAxis(
            title, Math.Pow(10, low), Math.Pow(10, high),
            [.. decades.Select(power => Tick(Math.Pow(10, power)))],
            IsLogarithmic: true);
    }

    /// <returns>0 at the lower end, 1 at the upper.</returns>
    public double Place(double value)
        => IsLogarithmic
            ? Math.Log(Math.Max(value, First) / First) / Math.Log(Last / First)
            : (value - First) / (Last - First);

    private static double RoundUp(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return power * (step / power is var digit && digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }

    private static (double Value, string Text) Tick(double value)
        => (value, value.ToString("#,0.########", CultureInfo.InvariantCulture));
}

/// <summary>Draws charts as SVG, one below the other. Nothing in them depends on the machine.</summary>
internal sealed class Chart
{
    private const int Width = 720;
    private const int Left = 80;
    private const int Right = 130; // For the names of lines.
    private const int Top = 34;
    private const int PlotHeight = 210;
    private const int PanelHeight = Top + PlotHeight + 56;
    private const int BarHeight = 18;
    private const int BarLeft = 190;

    private static readonly string[] Colours = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#57606a"];

    private readonly StringBuilder _drawn = new();
    private int _height;

    /// <summary>Adds lines over two axes.</summary>
    public Chart AddLines(string title, ChartAxis across, ChartAxis up, IReadOnlyList<ChartLine> lines)
    {
        Title(title);
        var plotWidth = Width - Left - Right;
        var bottom = _height + Top + PlotHeight;
        double X(double value) => Left + (plotWidth * across.Place(value));
        double Y(double value) => bottom - (PlotHeight * up.Place(value));

        foreach (var (value, text) in up.Ticks)
        {
            Rule(Left, Y(value), Left + plotWidth, Y(value));
            Text(Left - 6, Y(value) + 4, text, "end");
        }

        foreach (var (value, text) in across.Ticks)
        {
            Rule(X(value), bottom, X(value), bottom + 4);
            Text(X(value), bottom + 17, text, "middle");
        }

        Text(Left + (plotWidth / 2), bottom + 36, across.Title, "middle");
        Text(Left - 60, _height + Top - 8, up.Title, "start");
        foreach (var (line, index) in lines.Select((line, index) => (line, index)))
        {
            var colour = Colours[index % Colours.Length];
            var points = string.Join(' ', line.Points.Select(point => Number($"{X(point.X):0.#},{Y(point.Y):0.#}")));
            Add($"""<polyline fill="none" stroke="{colour}" stroke-width="1.8" points="{points}"/>""");
            Text(Left + plotWidth + 10, _height + Top + 12 + (16 * index), line.Name, "start", colour);
        }

        _height += PanelHeight;
        return this;
    }

    /// <summary>Adds bars, each with what is written behind it. A bar of nothing is a line of text.</summary>
    public Chart AddBars(string title, IReadOnlyList<(string Name, double? Value, string Text)> bars)
    {
        Title(title);
        var longest = Math.Max(1e-9, bars.Max(bar => bar.Value ?? 0));
        var top = _height + Top;
        foreach (var (bar, index) in bars.Select((bar, index) => (bar, index)))
        {
            var y = top + (index * (BarHeight + 6));
            var width = (Width - BarLeft - Right) * (bar.Value ?? 0) / longest;
            Text(BarLeft - 8, y + 13, bar.Name, "end");
            Add($"""<rect x="{BarLeft}" y="{y}" width="{width:0.#}" height="{BarHeight}" fill="{Colours[0]}"/>""");
            Text(BarLeft + width + 6, y + 13, bar.Text, "start");
        }

        _height = top + (bars.Count * (BarHeight + 6)) + 16;
        return this;
    }

    public string ToSvg()
        => Number($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{_height}" viewBox="0 0 {Width} {_height}"
              font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{_height}" fill="#ffffff"/>

            """) + _drawn + "</svg>\n";

    private void Title(string title)
        => Add($"""
            <text x="12" y="{_height + 16}" font-size="14" font-weight="bold" fill="#1f2328">{Safe(title)}</text>
            """);

    private void Text(double x, double y, string text, string anchor, string colour = "#424a53")
        => Add($"""<text x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}" fill="{colour}">{Safe(text)}</text>""");

    private void Rule(double x1, double y1, double x2, double y2)
        => Add($"""<line x1="{x1:0.#}" y1="{y1:0.#}" x2="{x2:0.#}" y2="{y2:0.#}" stroke="#d0d7de"/>""");

    private void Add(FormattableString element) => _drawn.Append(Number(element)).Append('\n');

    private static string Safe(string text) => WebUtility.HtmlEncode(text);

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
