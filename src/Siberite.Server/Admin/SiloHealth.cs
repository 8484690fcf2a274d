using Siberite.Cluster;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>Whether this silo is well, and whether clients should be sent to it.</summary>
internal sealed class SiloHealth(
    ICommitLog commits, IHostApplicationLifetime lifetime, ISiloReadiness silo, IServiceStatus status)
{
    /// <summary>What an operator must look after; <see langword="null"/> while all is well.</summary>
    public string? Trouble => commits.HasFailed ? "the store failed: nothing is acknowledged until a restart" : null;

    /// <summary>Why clients should go elsewhere; <see langword="null"/> while they are welcome to read and
    /// write.</summary>
    /// <remarks>The status as it was set counts, and not as it is in force: during the grace period clients are to find
    /// other silos.</remarks>
    public string? Reluctance
        => Impediment ?? (status.Wanted == ServiceStatus.Up ? null : $"the silo's status is {status.Wanted}");

    /// <summary>Why clients that only read should go elsewhere; <see langword="null"/> while they are
    /// welcome.</summary>
    public string? ReadReluctance
        => Impediment ?? (status.Wanted == ServiceStatus.Quiescent ? "the silo's status is Quiescent" : null);

    private string? Impediment
    {
        get
        {
            if (Trouble is { } trouble)
            {
                return trouble;
            }

            // The endpoints open last, so from ApplicationStarted on the gateway accepts.
            if (!lifetime.ApplicationStarted.IsCancellationRequested)
            {
                return "starting";
            }

            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return "stopping";
            }

            return silo.IsActive ? null : "the silo is not active";
        }
    }
}
