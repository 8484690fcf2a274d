namespace Siberite.Testing.Histories.Checkers;

/// <summary>What the server is allowed. Spans are ticks of the ledger's clock.</summary>
internal sealed record CheckerOptions
{
    /// <summary>How long before a crash a plain get may have ended and still be forgotten. The server writes such gets
    /// with its next batch, within 100 ms; the rest is for a machine that is busy.</summary>
    public long LazyWindow { get; init; } = Ledger.TicksOf(TimeSpan.FromMilliseconds(250));

    /// <summary>How long after it has closed a connection a server may still be giving back what it held.</summary>
    public long ReturnGrace { get; init; } = Ledger.TicksOf(TimeSpan.FromSeconds(2));

    /// <summary>How early a waiting get may give up: the coarseness of timers.</summary>
    public long TimerSlack { get; init; } = Ledger.TicksOf(TimeSpan.FromMilliseconds(20));
}
