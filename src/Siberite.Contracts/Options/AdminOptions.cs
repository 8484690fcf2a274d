namespace Siberite.Contracts;

/// <summary>The operators' side: pages, health, metrics. Section <c>Siberite:Admin</c>.</summary>
public sealed class AdminOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Admin";

    /// <summary>Address and port of the admin listener. Default <c>127.0.0.1:22180</c>: it shows queue names and has
    /// no authentication, so it stays on loopback unless told otherwise.</summary>
    public string Listen { get; set; } = "127.0.0.1:22180";

    /// <summary>Most queues with series of their own under <c>/metrics</c>, those with most items first; the totals
    /// count all. Default 100, to bound the number of series.</summary>
    public int MaxMetricQueues { get; set; } = 100;
}
