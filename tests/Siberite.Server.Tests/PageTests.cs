using Siberite.Contracts;
using Siberite.Server.Admin;
using Siberite.Server.Hosting;

namespace Siberite.Server.Tests;

/// <summary>What is rendered, without a server or a browser.</summary>
public sealed class PageTests
{
    [Theory]
    [InlineData("<b>x", "&lt;b&gt;x")]
    [InlineData("\"><script>alert(1)</script>", "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("{{version}}", "<td>{{version}}</td>")]
    [InlineData("a&amp;b", "a&amp;amp;b")]
    public void Names_are_text_whatever_they_look_like(string name, string expected)
        => Assert.Contains(expected, QueuesPage.Render(Report(name)), StringComparison.Ordinal);

    [Fact]
    public void Nothing_of_the_template_is_left_open()
        => Assert.DoesNotContain("{{", QueuesPage.Render(Report("q")), StringComparison.Ordinal);

    [Fact]
    public void Trouble_is_announced_and_silence_is_not()
    {
        Assert.Contains("role=\"alert\" hidden", QueuesPage.Render(Report("q")), StringComparison.Ordinal);
        Assert.Contains(
            "not healthy: the disk is gone", QueuesPage.Render(Report("q", trouble: "the disk is gone")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_says_when_it_shows_only_some()
    {
        var page = QueuesPage.Render(Report("q") with { Matching = 1_234 });

        Assert.Contains("The first 1 of 1,234 queues are shown.", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Silos_that_are_away_are_named_with_what_is_missing()
    {
        var here = new SiloRow("here", "1", IsAway: false, false, 1, 1, null, null, null, null, null);
        var away = here with { Name = "there", IsAway = true, Items = 1_200 };

        var page = QueuesPage.Render(Report("q", trouble: null, here, away));

        Assert.Contains("Away: there.", page, StringComparison.Ordinal);
        Assert.Contains("with 1,200 items when last heard of", page, StringComparison.Ordinal);
        Assert.Contains("role=\"status\" hidden", QueuesPage.Render(Report("q", null, here)), StringComparison.Ordinal);
        Assert.DoesNotContain("role=\"status\" hidden", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(102_400, "100 KiB")]
    [InlineData(1L << 40, "1.0 TiB")]
    public void Bytes_have_a_unit(long value, string expected) => Assert.Equal(expected, Figures.Bytes(value));

    [Theory]
    [InlineData(0.9, "0 s")]
    [InlineData(61, "1 min 1 s")]
    [InlineData(3_660, "1 h 1 min")]
    [InlineData(90_000, "1 d 1 h")]
    public void Durations_have_two_units_at_most(double value, string expected)
        => Assert.Equal(expected, Figures.Duration(value));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\r\nb", "a | b")]
    [InlineData("\u001b[31mred\t", "\\x1b[31mred\\x09")]
    public void A_log_line_is_one_line(string text, string expected)
        => Assert.Equal(expected, LineFormatter.OnOneLine(text));

    private static BoardReport Report(string name, string? trouble = null, params SiloRow[]? silos)
    {
        var stats = new QueueStats(name, default, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, IsUnreadable: false);
        return new BoardReport(
            new SiloFacts("1.0.0", 1, 0, "Always", "id", "/data", 1, trouble),
            new QueueTotals(1, 1, 1, 0, 0, null, null),
            Matching: 1,
            [new QueueRow(name, 1, 1, null, 0, 0, null, null, "here", stats)],
            silos ?? []);
    }
}
