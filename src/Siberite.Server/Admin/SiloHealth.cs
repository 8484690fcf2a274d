using Siberite.Cluster;
using Siberite.Contracts;

namespace Siberite.Server.Admin;

/// <summary>Whether this silo is well, and whether clients should be sent to it.</summary>
internal sealed class SiloHealth(ICommitLog commits, IHostApplicationLifetime lifetime, ISiloReadiness silo)
{
    /// <summary>What an operator must look after; <see langword="null"/> while all is well.</summary>
    public string? Trouble => commits.HasFailed ? "the store failed: nothing is acknowledged until a restart" : null;

    /// <summary>Why clients should go elsewhere; <see langword="null"/> while they are welcome.</summary>
    public string? Reluctance
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
