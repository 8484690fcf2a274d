using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>What the composition knows of this silo.</summary>
/// <param name="Run">Names this run of it: in what others expect of it, and as its gateway in session ids. Not
/// 0.</param>
/// <param name="IsAlone">Whether it is a standalone silo.</param>
internal sealed record LocalIdentity(long Run, bool IsAlone)
{
    /// <summary>Draws a number for a run. Never 0, which means that no run is known.</summary>
    public static long DrawRun()
        => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) is not 0 and var run ? run : 1;
}

/// <summary>This silo, and whether it has its store: until it has, and once it has lost it, it serves nobody.</summary>
internal sealed class LocalSilo
{
    private readonly LocalIdentity _identity;
    private readonly TaskCompletionSource _claimed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SiloReport _report;
    private long _claimNumber;
    private volatile bool _hasLost;

    public LocalSilo(
        LocalIdentity identity, LocalQueues queues, ILocalSiloDetails details, IOptions<GatewayOptions> gateway,
        IOptions<AdminOptions> admin, IOptions<StorageOptions> storage, TimeProvider time)
    {
        _identity = identity;
        _report = new SiloReport(
            queues.StoreId, ClaimNumber: 0, identity.Run, details.Name,
            typeof(LocalSilo).Assembly.GetName().Version!.ToString(fieldCount: 3), gateway.Value.Listen,
            admin.Value.Listen, storage.Value.Durability, time.GetUtcNow().ToUnixTimeMilliseconds());
        Address = details.SiloAddress;
        if (identity.IsAlone)
        {
            _claimed.SetResult(); // Nobody else could have it: the data directory is locked.
        }
    }

    public SiloAddress Address { get; }

    public long Run => _identity.Run;

    public bool IsAlone => _identity.IsAlone;

    public GatewayAddress Gateway => new(Run, Address);

    public bool HasStore => _claimed.Task.IsCompletedSuccessfully && !_hasLost;

    /// <summary>Completes when the store is claimed.</summary>
    public Task Claimed => _claimed.Task;

    public SiloReport Report => _report with { ClaimNumber = Volatile.Read(ref _claimNumber) };

    public void Claim(long claimNumber)
    {
        Volatile.Write(ref _claimNumber, claimNumber);
        _claimed.TrySetResult();
    }

    public void Lose() => _hasLost = true;

    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the store is not this silo's
    /// to serve.</exception>
    public void ThrowUnlessHome()
    {
        if (!HasStore)
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, "This silo does not have its store yet, or has lost it.", inner: null)
            {
                Silo = _report.Name,
            };
        }
    }
}
