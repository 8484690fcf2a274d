using Siberite.Contracts;

namespace Siberite.Queues.Tests;

public sealed class QueueSettingsTests
{
    [Fact]
    public void Without_sections_every_queue_has_the_defaults()
        => Assert.Equal(0, QueueSettings.None.Of(QueueName.Parse("any")).MaxItems);

    /// <remarks>Every layer says it of all that count less than itself.</remarks>
    [Theory]
    [InlineData("orders-eu", "exact")]
    [InlineData("orders-us", "orders-*")]
    [InlineData("orders-", "orders-*")]
    [InlineData("mail-eu", "*-eu")]
    [InlineData("Orders-us", "default")]
    [InlineData("orders", "default")]
    [InlineData("default", "default")]
    public void What_stands_nearest_counts_most(string name, string expected)
    {
        string[] names = ["default", "*-eu", "orders-*", "exact"];
        var settings = new QueueSettings(
            names.Select((layer, index) => Items(layer == "exact" ? "orders-eu" : layer, index + 1)));

        Assert.Equal(expected, names[settings.Of(QueueName.Parse(name)).MaxItems - 1]);
    }

    [Fact]
    public void What_a_section_does_not_set_is_inherited()
    {
        var settings = new QueueSettings(
        [
            Items("q", 7),
            new QueueLayer("q*", options => (options.MaxItems, options.MaxBytes) = (6, 60)),
            new QueueLayer("default", options => (options.MaxBytes, options.MaxItemBytes) = (50, 500)),
        ]);

        var options = settings.Of(QueueName.Parse("q"));
        Assert.Equal((7, 60, 500), (options.MaxItems, options.MaxBytes, options.MaxItemBytes));
    }

    [Fact]
    public void Queues_that_are_told_the_same_share_it()
    {
        var settings = new QueueSettings([Items("a*", 1)]);

        Assert.Same(settings.Of(QueueName.Parse("a1")), settings.Of(QueueName.Parse("a2")));
        Assert.Same(settings.Of(QueueName.Parse("b1")), settings.Of(QueueName.Parse("b2")));
    }

    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("a*", "a", true)]
    [InlineData("*a", "a", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*a", "aa", true)]
    [InlineData("a*b*c", "aXbYc", true)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("*ab*ab", "abab", true)]
    [InlineData("*ab*ab", "aab", false)]
    [InlineData("a**c", "abc", true)]
    [InlineData("a?c", "abc", false)]
    [InlineData("a*", "A1", false)]
    public void A_star_stands_for_any_run_of_characters(string pattern, string name, bool matches)
        => Assert.Equal(matches, NamePattern.Matches(pattern, name));

    [Fact]
    public void New_settings_count_at_once_for_queues_that_exist()
    {
        using var engine = new Engine();
        engine.Append("q", "1");
        engine.Queues.Settings.Replace(new QueueSettings([Items("q", 1)]));

        Assert.Equal(AppendStatus.Full, engine["q"].Append(Engine.Draft("2")).Status);
        Assert.Equal(AppendStatus.Stored, engine["other"].Append(Engine.Draft("2")).Status);

        engine.Queues.Settings.Replace(QueueSettings.None);
        Assert.Equal(AppendStatus.Stored, engine["q"].Append(Engine.Draft("2")).Status);
    }

    private static QueueLayer Items(string name, long maxItems)
        => new(name, options => options.MaxItems = maxItems);
}
