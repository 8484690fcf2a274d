namespace Siberite.Contracts;

/// <summary>What a silo lets its clients do. Later ones are stricter; the numbers are stored: append only.</summary>
/// <remarks>It is about the clients of this silo, whichever silo a queue lives on: the other silos go on serving the
/// queues of this one. To give queues away there is draining.</remarks>
public enum ServiceStatus : byte
{
    /// <summary>Everything.</summary>
    Up = 0,

    /// <summary>Everything, but load balancers are told to send writers elsewhere.</summary>
    WriteAvoid = 1,

    /// <summary>Reads; sets, deletes and flushes are refused.</summary>
    ReadOnly = 2,

    /// <summary>Neither. What is open can still be closed, aborted and confirmed.</summary>
    Quiescent = 3,
}

/// <summary>This silo's status: set by clients that may, or by operators, and kept across restarts.</summary>
public interface IServiceStatus
{
    /// <summary>What counts now.</summary>
    ServiceStatus InForce { get; }

    /// <summary>What was set last. A stricter one comes into force after the grace period.</summary>
    ServiceStatus Wanted { get; }

    /// <summary>Called after <see cref="InForce"/> has changed, on any thread.</summary>
    event Action? Changed;

    /// <summary>Sets the status. A stricter one counts after <c>StatusChangeGracePeriod</c>; one less strict than
    /// <see cref="Wanted"/> at once, and takes back what was still to come.</summary>
    /// <returns>What a reply waits for: then it survives a restart, which ends the grace period too.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.StorageFailed"/>: it stays as it was.</exception>
    Commit Change(ServiceStatus status);
}
