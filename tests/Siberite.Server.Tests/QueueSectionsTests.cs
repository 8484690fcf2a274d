using Microsoft.Extensions.Configuration;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Server.Settings;

namespace Siberite.Server.Tests;

public sealed class QueueSectionsTests
{
    [Fact]
    public void Sections_are_read_and_inherit()
    {
        var settings = Read(
            ("Siberite:Queues:default:MaxItems", "1"),
            ("Siberite:Queues:orders-*:maxbytes", "20"),
            ("Siberite:Queues:orders-eu:DiscardOldWhenFull", "true"),
            ("Siberite:Queues:orders-eu:Mode", "loose"));

        var options = settings.Of(QueueName.Parse("orders-eu"));
        Assert.Equal((1, 20, true), (options.MaxItems, options.MaxBytes, options.DiscardOldWhenFull));
        Assert.Equal(QueueMode.Loose, options.Mode);
        Assert.Equal(QueueMode.Strict, settings.Of(QueueName.Parse("orders-us")).Mode);
    }

    [Fact]
    public void A_name_may_contain_colons()
        => Assert.Equal(
            3, Read(("Siberite:Queues:space:of:names:MaxItems", "3")).Of(QueueName.Parse("space:of:names")).MaxItems);

    [Fact]
    public void Names_keep_their_case()
    {
        var settings = Read(("Siberite:Queues:Orders:MaxItems", "3"));

        Assert.Equal(3, settings.Of(QueueName.Parse("Orders")).MaxItems);
        Assert.Equal(0, settings.Of(QueueName.Parse("orders")).MaxItems);
    }

    [Theory]
    [InlineData("Siberite:Queues:q:MaxItems", "-1", "must be 0 to ")]
    [InlineData("Siberite:Queues:q:MaxItems", "many", "must be a whole number")]
    [InlineData("Siberite:Queues:q:DiscardOldWhenFull", "1", "must be true or false")]
    [InlineData("Siberite:Queues:orders-*:Mode", "both", "must be Strict or Loose")]
    [InlineData("Siberite:Queues:a/b:MaxItems", "1", "must be a queue's name")]
    [InlineData("Siberite:Queues:a b:MaxItems", "1", "must be a queue's name")]
    [InlineData("Siberite:Queues:q:MaxItem", "1", "unknown setting")]
    [InlineData("Siberite:Queues:MaxItems", "1", "unknown setting")]
    [InlineData("Siberite:Queues", "1", "unknown setting")]
    public void What_makes_no_sense_is_refused_with_its_path(string path, string value, string expected)
    {
        var refusal = Assert.Throws<StartException>(() => Read((path, value)));

        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    private static QueueSettings Read(params (string Path, string Value)[] settings)
        => SiloSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Path, setting => (string?)setting.Value))
            .Build()).Queues;
}
