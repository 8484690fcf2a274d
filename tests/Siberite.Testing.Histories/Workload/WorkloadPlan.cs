namespace Siberite.Testing.Histories.Workload;

/// <summary>What the clients of a run do. Shares are between 0 and 1.</summary>
internal sealed record WorkloadPlan
{
    /// <summary>What producers set into, more often the more often it is named.</summary>
    public IReadOnlyList<string> Targets { get; init; } =
        ["one", "one", "one", "two", "two", "two", "one+two", "three+four"];

    public int Producers { get; init; } = 4;

    public int Consumers { get; init; } = 4;

    public int ItemsPerProducer { get; init; } = int.MaxValue;

    /// <summary>Sets that one producer may have under way.</summary>
    public int Window { get; init; } = 16;

    /// <summary>How often a producer sends; zero is as often as it can.</summary>
    public TimeSpan Pace { get; init; }

    /// <summary>Above so many items not yet read producers pause.</summary>
    public int MaxBacklog { get; init; } = 2_000;

    /// <summary>Largest payloads: most items stay below a hundredth of it.</summary>
    public int MaxItemBytes { get; init; } = 1 << 20;

    /// <summary>Readers leave the first queue alone, mostly, while there are fewer items unread: so that there is
    /// something to recover.</summary>
    public int DeepBacklog { get; init; } = 500;

    public double AbortShare { get; init; } = 0.15;

    public double DropShare { get; init; } = 0.05;

    public double PlainShare { get; init; } = 0.1;

    /// <summary>The queues that plain gets are for; none given is all. A plain get without a reply may have taken an
    /// item with it, so nothing is quite certain there.</summary>
    public IReadOnlySet<string>? PlainQueues { get; init; }

    public double WaitShare { get; init; } = 0.3;

    /// <summary>How long a reader pauses after a refusal.</summary>
    public TimeSpan RefusalPause { get; init; } = TimeSpan.FromMilliseconds(20);

    public int MaxWaitMilliseconds { get; init; } = 40;

    public IEnumerable<string> Queues => Targets.SelectMany(static target => target.Split('+')).Distinct();

    public bool MayTakePlainly(string queue) => PlainQueues?.Contains(queue) ?? true;

    /// <summary>Log-uniform, zero included, with a thin tail of large ones.</summary>
    public int NextSize(Random random)
    {
        var ceiling = random.NextDouble() switch
        {
            < 0.97 => Math.Min(MaxItemBytes, 4_096),
            < 0.995 => Math.Min(MaxItemBytes, 65_536),
            _ => MaxItemBytes,
        };
        return (int)Math.Exp(random.NextDouble() * Math.Log(ceiling + 1)) - 1;
    }
}
