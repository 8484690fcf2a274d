using System.Text.RegularExpressions;
using Siberite.Contracts;

namespace Siberite.Gateway.Tests;

/// <summary>Old clients find a queue's name by the keys they know: no key of ours may look like another
/// queue.</summary>
public sealed class QueueStatsKeysTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);

    private static readonly QueueStats Queue = new(
        "work", default, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, IsUnreadable: true);

    /// <summary>As the Ruby clients of Siberite and of Kestrel take a line apart.</summary>
    public static TheoryData<StatsProfile, string> Clients => new()
    {
        { StatsProfile.Siberite, "items|open_transactions" },
        {
            StatsProfile.Siberite,
            "items|bytes|total_items|logsize|expired_items|mem_items|mem_bytes|age|discarded|waiters|open_transactions"
        },
        {
            StatsProfile.Kestrel,
            "items|bytes|total_items|logsize|expired_items|mem_items|mem_bytes|age|discarded|waiters|open_transactions"
        },
    };

    [Theory]
    [MemberData(nameof(Clients))]
    public void No_key_looks_like_another_queue(StatsProfile profile, string names)
        => Assert.All(QueueStatsKeys.Of(Queue, Now, profile), pair =>
        {
            var line = $"STAT queue_work_{pair.Key} {pair.Value}";
            var match = Regex.Match(line, $@"^STAT queue_(\S+?)_({names}) (\S+)", RegexOptions.None, Patience);
            Assert.True(!match.Success || match.Groups[1].Value == "work", line);
        });

    [Theory]
    [InlineData(StatsProfile.Siberite)]
    [InlineData(StatsProfile.Kestrel)]
    public void Each_key_is_there_once(StatsProfile profile)
    {
        var keys = QueueStatsKeys.Of(Queue, Now, profile).Select(pair => pair.Key).ToArray();

        Assert.Equal(keys.Distinct(), keys);
        Assert.DoesNotContain(keys, key => key.Contains(' ', StringComparison.Ordinal));
    }

    /// <remarks>Two shards of a loose queue are one queue to a client: everything that can be counted is
    /// added.</remarks>
    [Fact]
    public void Shards_are_added_up()
    {
        var sum = QueueStatsKeys.Add(Queue, Queue);

        var alone = QueueStatsKeys.Of(Queue, Now, StatsProfile.Kestrel)
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (var (key, value) in QueueStatsKeys.Of(sum, Now, StatsProfile.Kestrel))
        {
            Assert.Equal(key == "age" ? alone[key] : 2 * alone[key], value);
        }
    }
}
