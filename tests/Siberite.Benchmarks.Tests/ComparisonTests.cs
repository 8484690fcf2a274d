using System.Xml.Linq;
using Siberite.Benchmarks.Peers;

namespace Siberite.Benchmarks.Tests;

public sealed class ComparisonTests
{
    private static readonly PeerFacts[] Peers =
    [
        new("memcached", "memcached", "1.6", "everything", "memcached -t 2", "bench"),
        new("other", "The <other>", "2.0", "nothing", "other -f", "its own"),
        new("silent", "Silent", "3", "nothing", "silent", "its own"),
    ];

    private static readonly Comparison Comparison = new(
        Peers,
        [
            new("memcached", "50 connections", 300), new("other", "50 connections", 100),
            new("memcached", "50 connections", 200), new("other", "50 connections", 900),
            new("memcached", "50 connections", 100), new("other", "50 connections", 150),
            new("memcached", "50 connections x 64", 1_000_000),
        ],
        "2 cores", "3 rounds");

    [Fact]
    public void A_figure_is_the_median_of_its_rounds()
    {
        Assert.Equal(200, Comparison.Median("memcached", "50 connections"));
        Assert.Equal(150, Comparison.Median("other", "50 connections"));
        Assert.Null(Comparison.Median("silent", "50 connections"));
    }

    [Fact]
    public void The_page_has_figures_ratios_and_spreads_and_says_where_there_are_none()
    {
        var page = Comparison.ToMarkdown();

        Assert.Contains("| memcached | 200 (100 to 300) | 1.00 | 1,000,000 (1,000,000 to 1,000,000) | 1.00 |", page);
        Assert.Contains("| The <other> | 150 (100 to 900) | 0.75 | no figure |  | nothing |", page);
        Assert.Contains("| Silent | no figure |  | no figure |  | nothing |", page);
        Assert.Contains("2 cores. 3 rounds.", page);
    }

    [Fact]
    public void Pictures_are_well_formed_and_the_page_shows_each()
    {
        var page = Comparison.ToMarkdown();
        var pictures = Comparison.ToPictures().ToList();

        Assert.Equal(2, pictures.Count);
        Assert.All(pictures, picture => Assert.Contains($"]({picture.File})", page));
        var bars = XDocument.Parse(pictures[0].Svg).Descendants().Where(element => element.Name.LocalName == "rect");
        var widths = bars.Skip(1).Select(bar => (double)bar.Attribute("width")!).ToList();
        Assert.Equal(3, widths.Count);
        Assert.Equal(0.75, widths[1] / widths[0], precision: 2);
        Assert.Equal(0, widths[2]);
    }
}
