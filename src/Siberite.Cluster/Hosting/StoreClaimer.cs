using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Whether this silo may go on serving its store.</summary>
public interface IStoreClaim
{
    /// <summary>Why it may not; <see langword="null"/> while it may. The host has been told to stop by then.</summary>
    string? Loss { get; }
}

/// <summary>Claims this silo's store before anybody is served, and stops the silo should another one have it.</summary>
/// <remarks>
/// The record of the store names who has it. If that is another silo which membership calls a member, it is asked
/// itself: if it answers, this one is a copy and refuses; if not, membership will find out. What the claim decides is
/// kept by the record's storage, so of two silos that start at once exactly one gets it.
/// <para>Started after the silo is active and before the gateway listens; stopped after the gateway and before the
/// silo, which is when nothing more is sent to other homes.</para>
/// </remarks>
internal sealed partial class StoreClaimer(
    LocalSilo local, LocalQueues queues, QueueRouter router, ClusterView view, IGrainFactory grains,
    IClusterMembershipService membership, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<StoreClaimer> log)
    : IHostedService, IStoreClaim, IDisposable
{
    /// <summary>How long the start waits for a silent holder to be declared dead. 2 min: with the default membership
    /// profile it takes up to 75 s.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Time between two tries.</summary>
    private static readonly TimeSpan TryInterval = TimeSpan.FromSeconds(1);

    /// <summary>Time between reports of this store's counts, which also show whether the claim still holds. 30 s: one
    /// small write per silo.</summary>
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(30);

    /// <summary>How long a stop waits for what is on its way to other homes.</summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private Task _reporting = Task.CompletedTask;

    /// <inheritdoc/>
    public string? Loss { get; private set; }

    private IStoreGrain Record => grains.GetGrain<IStoreGrain>(queues.StoreId.ToString());

    /// <inheritdoc/>
    /// <exception cref="DuplicateStoreException">Another silo has the store.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (local.IsAlone)
        {
            return;
        }

        local.Claim(await ClaimAsync(cancellationToken));
        view.AddSelf();
        LogClaimed(log, queues.StoreId, local.Report.ClaimNumber);
        _reporting = ReportAsync(_stopping.Token);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        view.RemoveSelf();
        await _stopping.CancelAsync();
        if (cancellationToken.IsCancellationRequested)
        {
            return; // No time for anything.
        }

        await router.DrainAsync(DrainTimeout);
        await _reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!local.IsAlone && local.HasStore)
        {
            await TryReportAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <returns>The number of the claim.</returns>
    private async Task<long> ClaimAsync(CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        SiloAddress? waitsFor = null;
        while (true)
        {
            var isLate = time.GetElapsedTime(startedAt) >= Patience;
            if (await TryClaimAsync(mustSucceed: isLate) is { } record)
            {
                if (record.Silo.Equals(local.Address))
                {
                    return record.ClaimNumber;
                }

                await ThrowIfAliveAsync(record, isLate);
                if (!record.Silo.Equals(waitsFor))
                {
                    waitsFor = record.Silo;
                    LogWaiting(log, queues.StoreId, record.Name, record.Silo);
                }
            }

            await Task.Delay(TryInterval, time, cancellationToken);
        }
    }

    /// <returns>The record, or <see langword="null"/> if it cannot be had just now.</returns>
    private async Task<StoreRecord?> TryClaimAsync(bool mustSucceed)
    {
        try
        {
            var version = membership.CurrentSnapshot.Version.Value;
            return await Record.ClaimAsync(new StoreClaim(local.Address, local.Report.Name, version));
        }
#pragma warning disable CA1031 // Whatever storage the record is in fails in its own ways, and may be back in a moment.
        catch (Exception e) when (!mustSucceed)
#pragma warning restore CA1031
        {
            LogCannotClaim(log, e.Message);
            return null;
        }
    }

    private async Task ThrowIfAliveAsync(StoreRecord record, bool isLate)
    {
        var holder = $"silo {record.Name} ({record.Silo.Endpoint})";
        if (await AnswersAsync(record.Silo))
        {
            throw new DuplicateStoreException(
                $"the data directory is a copy: {holder} already serves its store {record.Store}. Start with a data "
                + "directory of its own.");
        }

        if (isLate)
        {
            throw new DuplicateStoreException(
                $"store {record.Store} is still with {holder}, which does not answer but which membership has not "
                + $"declared dead within {Patience.TotalSeconds:0} s.");
        }
    }

    private async Task<bool> AnswersAsync(SiloAddress silo)
    {
        try
        {
            await grains.GetGrain<ISiloGrain>(silo.ToParsableString()).PingAsync();
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or SiberiteException)
        {
            return false;
        }
    }

    private async Task ReportAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(ReportInterval, time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            await CheckAsync();
        }
    }

    /// <summary>Reports, and stops the silo if it is not its store's any more.</summary>
    internal async Task CheckAsync()
    {
        if (Loss is null && !await TryReportAsync())
        {
            Lose();
        }
    }

    /// <returns><see langword="false"/> if the store is another silo's by now.</returns>
    internal async Task<bool> TryReportAsync()
    {
        try
        {
            return await Record.ReportAsync(local.Address, queues.QueueCount, queues.ItemCount);
        }
#pragma warning disable CA1031 // Only a definite answer counts; storage that is away says nothing about the claim.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotReported(log, e, queues.StoreId);
            return true;
        }
    }

    private void Lose()
    {
        local.Lose();
        view.RemoveSelf();
        Loss = $"store {queues.StoreId} has been claimed by another silo";
        LogLost(log, queues.StoreId);
        lifetime.StopApplication();
    }
}
