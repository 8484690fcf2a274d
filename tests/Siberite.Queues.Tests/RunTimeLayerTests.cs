using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>What is told at run time, above what files say.</summary>
public sealed class RunTimeLayerTests
{
    private static readonly QueueName Q = QueueName.Parse("q");

    private readonly CurrentQueueSettings _current = new();

    [Fact]
    public void It_counts_most_whichever_is_replaced_last()
    {
        _current.ReplaceRunTime([new(Q, Items(5))]);
        _current.Replace(new QueueSettings([Items(1, "q"), Items(2, "default")]));
        Assert.Equal((5, 2), (_current.Of(Q).MaxItems, _current.Of(QueueName.Parse("other")).MaxItems));

        _current.ReplaceRunTime([new(Q, Items(6))]);
        Assert.Equal(6, _current.Of(Q).MaxItems);
        _current.ReplaceRunTime([new(Q, null)]);
        Assert.Equal(1, _current.Of(Q).MaxItems);
    }

    [Fact]
    public void It_says_where_each_value_comes_from()
    {
        _current.Replace(new QueueSettings([Bytes(1, "q*"), Bytes(2, "default"), Items(3, "default")]));
        _current.ReplaceRunTime([new(Q, Items(4))]);

        var told = _current.Snapshot.Explain(Q).ToDictionary(setting => setting.Key);
        Assert.Equal(new EffectiveSetting("MaxItems", "4", SettingOrigin.RunTime, "q"), told["MaxItems"]);
        Assert.Equal(new EffectiveSetting("MaxBytes", "1", SettingOrigin.Pattern, "q*"), told["MaxBytes"]);
        Assert.Equal(new EffectiveSetting("MaxItemBytes", "0", SettingOrigin.Code, null), told["MaxItemBytes"]);
        Assert.Equal(
            SettingOrigin.Default,
            _current.Snapshot.Explain(QueueName.Parse("other")).Single(setting => setting.Key == "MaxItems").Origin);
    }

    private static QueueLayer Items(long limit, string name = "q")
        => new(name, options => options.MaxItems = limit) { Keys = ["MaxItems"] };

    private static QueueLayer Bytes(long limit, string name)
        => new(name, options => options.MaxBytes = limit) { Keys = ["MaxBytes"] };
}
