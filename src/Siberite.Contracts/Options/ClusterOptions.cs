namespace Siberite.Contracts;

/// <summary>Which way a gateway takes to a queue whose home is its own silo.</summary>
public enum QueueRoute
{
    /// <summary>Straight to the engine, once the grain has opened the queue.</summary>
    Direct = 0,

    /// <summary>Through the grain, as to another silo. Slower; for tests that hold both ways to the same
    /// bytes.</summary>
    Grain = 1,
}

/// <summary>Where a new strict queue gets its home.</summary>
public enum NewQueues
{
    /// <summary>On any silo, by the queue's name: all gateways propose the same one.</summary>
    Spread = 0,

    /// <summary>On the silo whose client makes it.</summary>
    Local = 1,
}

/// <summary>How silos form a cluster. Section <c>Siberite:Cluster</c>.</summary>
public sealed class ClusterOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Cluster";

    /// <summary>The way to queues of this silo: <c>Direct</c> or <c>Grain</c>. Default <c>Direct</c>, a third of the
    /// cost.</summary>
    public QueueRoute LocalRoute { get; set; } = QueueRoute.Direct;

    /// <summary>How long one slice of a remote wait lasts before the gateway renews it. Default 5 s: no call is parked
    /// in a grain for long.</summary>
    public TimeSpan WaitSlice { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Where new queues get their home: <c>Spread</c> over all silos that are not being drained, or
    /// <c>Local</c>, on the silo whose client makes them. Default <c>Spread</c>: behind a load balancer it is chance
    /// which silo a client is on.</summary>
    public NewQueues NewQueues { get; set; } = NewQueues.Spread;
}
