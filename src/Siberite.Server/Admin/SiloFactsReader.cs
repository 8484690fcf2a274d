using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Gateway;
using Siberite.Server.Hosting;

namespace Siberite.Server.Admin;

/// <summary>Gathers what the pages and metrics say of the silo itself.</summary>
internal sealed class SiloFactsReader(
    SiloHealth health, GatewayCounters counters, IOptions<StorageOptions> storage, SiloIdentity identity,
    TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    public SiloFacts Read() => new(
        SiloProcess.Version, (long)Uptime.TotalSeconds, counters.OpenSessions, storage.Value.Durability.ToString(),
        identity.Store.ToString(), storage.Value.DataDirectory, FreeBytes, health.Trouble);

    public TimeSpan Uptime => time.GetElapsedTime(_startedAt);

    /// <summary>Room on the disk of the data directory, for this user.</summary>
    public long? FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(storage.Value.DataDirectory).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return null;
            }
        }
    }
}

/// <summary>Which data directory this silo serves.</summary>
internal sealed record SiloIdentity(StoreId Store);
