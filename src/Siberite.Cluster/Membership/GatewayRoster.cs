using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The gateways of other silos that have called queues of this one, and what becomes of their open reads when
/// their silo dies.</summary>
/// <remarks>
/// A gateway tells with every call which silo it belongs to, so that nothing has to be remembered from membership,
/// where a dead silo's facts vanish. A call that arrives, or ends, after its gateway was declared dead gives back what
/// it took.
/// </remarks>
internal sealed partial class GatewayRoster
{
    private readonly LocalSilo _local;
    private readonly LocalQueues _queues;
    private readonly RemoteReads _reads;
    private readonly CallLedger _ledger;
    private readonly IClusterMembershipService _membership;
    private readonly ILogger<GatewayRoster> _log;
    private readonly ConcurrentDictionary<long, Seen> _seen = new();

    public GatewayRoster(
        LocalSilo local, LocalQueues queues, RemoteReads reads, CallLedger ledger, ClusterView view,
        IClusterMembershipService membership, ILogger<GatewayRoster> log)
    {
        _local = local;
        _queues = queues;
        _reads = reads;
        _ledger = ledger;
        _membership = membership;
        _log = log;
        view.Changed += OnChanged;
    }

    /// <summary>Notes a caller.</summary>
    /// <returns>Whether it may be served: its silo has not been declared dead.</returns>
    public bool Admit(GatewayAddress gateway)
    {
        if (gateway.Number == _local.Run)
        {
            return true;
        }

        // Noted first: should it be declared dead right now, either this call sees it or the one that tells of it.
        _seen.GetOrAdd(gateway.Number, static (_, silo) => new Seen(silo), gateway.Silo);
        if (!IsDead(_membership.CurrentSnapshot, gateway.Silo))
        {
            return true;
        }

        _seen.TryRemove(gateway.Number, out _);
        return false;
    }

    /// <summary>After a call was carried out: if its gateway was declared dead meanwhile, nobody else would return what
    /// it took.</summary>
    public void ReturnIfDead(GatewayAddress gateway)
    {
        if (gateway.Number != _local.Run && !_seen.ContainsKey(gateway.Number))
        {
            Return(gateway.Number);
        }
    }

    private static bool IsDead(ClusterMembershipSnapshot snapshot, SiloAddress silo)
        => snapshot.GetSiloStatus(silo) == SiloStatus.Dead;

    private void OnChanged(ClusterMembershipSnapshot snapshot)
    {
        foreach (var (number, seen) in _seen)
        {
            var status = snapshot.GetSiloStatus(seen.Silo);
            seen.WasMember |= status != SiloStatus.None;
            if ((status == SiloStatus.Dead || (status == SiloStatus.None && seen.WasMember))
                && _seen.TryRemove(number, out _))
            {
                LogReturning(_log, seen.Silo);
                Return(number);
            }
        }
    }

    private void Return(long gateway)
    {
        _ledger.Drop(gateway);
        _reads.Drop(gateway); // Waits first, so that nothing that comes back is won by them.
        _queues.ReturnAll(gateway);
    }

    [LoggerMessage(2051, LogLevel.Information, "Silo {Silo} is gone: what its sessions had open goes back.")]
    private static partial void LogReturning(ILogger log, SiloAddress silo);

    /// <summary>A gateway. Calls may arrive from a silo that this one does not know as a member yet.</summary>
    private sealed class Seen(SiloAddress silo)
    {
        public SiloAddress Silo => silo;

        public bool WasMember { get; set; }
    }
}
