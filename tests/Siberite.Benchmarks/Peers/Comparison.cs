using System.Globalization;
using System.Text;
using Siberite.Ctl.Plotting;

namespace Siberite.Benchmarks.Peers;

/// <summary>One measured round: how many items a second went in and out.</summary>
internal sealed record MeasuredRound(string Peer, string Load, double ItemsPerSecond);

/// <summary>What is to be known of a peer beside its figures.</summary>
/// <param name="Peer">Its short name, as in the rounds.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Version">What it says of itself.</param>
/// <param name="Promise">What of an acknowledged item a power cut takes.</param>
/// <param name="Command">How it was started, without places.</param>
/// <param name="Driver">What loaded it.</param>
internal sealed record PeerFacts(
    string Peer, string Title, string Version, string Promise, string Command, string Driver);

/// <summary>Several rounds of several peers, as a page and pictures.</summary>
internal sealed class Comparison(
    IReadOnlyList<PeerFacts> peers, IReadOnlyList<MeasuredRound> rounds, string machine, string run)
{
    private const string Yardstick = "memcached";

    private readonly List<string> _loads = [.. rounds.Select(round => round.Load).Distinct()];

    /// <summary>Middle of all rounds of a peer, the lower of two; <see langword="null"/> if there is none.</summary>
    public double? Median(string peer, string load)
    {
        var values = Values(peer, load);
        return values.Count == 0 ? null : values[(values.Count - 1) / 2];
    }

    public string ToMarkdown()
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # Siberite.Orleans and other queues

            Written by [compare.sh](../../bench/compare.sh); how to read it is in [README.md](README.md).

            {machine}. {run}. An item of 64 bytes counts when it went in, came out and was acknowledged, so it is a set
            and a get; figures are medians over all rounds, with the lowest and highest round behind them.


            """);
        Row(page, ["", .. _loads.SelectMany(Heads), "a power cut takes"]);
        Row(page, ["---", .. Enumerable.Repeat("--:", 2 * _loads.Count), "---"]);
        foreach (var peer in peers)
        {
            Row(page, [peer.Title, .. _loads.SelectMany(load => Cells(peer.Peer, load)), peer.Promise]);
        }

        page.Append('\n');
        foreach (var load in _loads)
        {
            page.Append(CultureInfo.InvariantCulture, $"![{load}]({FileOf(load)})\n");
        }

        page.Append("\n## What ran\n\n");
        Row(page, ["", "version", "started as", "loaded by"]);
        Row(page, ["---", "---", "---", "---"]);
        foreach (var peer in peers)
        {
            Row(page, [peer.Title, peer.Version, $"`{peer.Command}`", $"`{peer.Driver}`"]);
        }

        return page.ToString();
    }

    public IEnumerable<(string File, string Svg)> ToPictures()
        => from load in _loads
           select (FileOf(load), new Chart()
               .AddBars($"Items a second, in and out: {load}", [.. peers.Select(peer => Bar(peer, load))])
               .ToSvg());

    private (string Name, double? Value, string Text) Bar(PeerFacts peer, string load)
        => Median(peer.Peer, load) is { } median
            ? (peer.Title, median, Number($"{median:N0}"))
            : (peer.Title, null, "no figure");

    private static IEnumerable<string> Heads(string load) => [$"{load}: items/s", $"of {Yardstick}"];

    private IEnumerable<string> Cells(string peer, string load)
    {
        if (Median(peer, load) is not { } median)
        {
            return ["no figure", ""];
        }

        var values = Values(peer, load);
        var ratio = Median(Yardstick, load) is { } yardstick ? Number($"{median / yardstick:0.00}") : "";
        return [Number($"{median:N0} ({values[0]:N0} to {values[^1]:N0})"), ratio];
    }

    private List<double> Values(string peer, string load)
        => [.. rounds.Where(round => round.Peer == peer && round.Load == load)
            .Select(round => round.ItemsPerSecond).Order()];

    private static string FileOf(string load)
        => string.Concat(load.Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ')).Replace(' ', '-') + ".svg";

    private static void Row(StringBuilder page, IEnumerable<string> cells)
        => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
