namespace Siberite.Testing.Histories.Workload;

/// <summary>How sessions begin and end for every client of a run.</summary>
internal static class Sessions
{
    /// <summary>Connects as soon as there is a server; <see langword="null"/> when stopped before.</summary>
    public static async Task<LoggedSession?> BeginAsync(
        Ledger ledger, Gate gate, string client, CancellationToken stop)
    {
        try
        {
            var (life, wire, silo) = await gate.EnterAsync(stop);
            return new LoggedSession(ledger, ledger.BeginSession(client, life, silo), wire, gate.Refusals);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Whether a session is over because its connection is, or speaks nonsense.</summary>
    public static bool IsBroken(Exception cause) => cause is IOException or WireFramingException;
}
