using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>One store's record. Not reentrant: of two claims the second finds the first one's outcome.</summary>
/// <remarks>Were the grain active twice for a moment, the stored record's ETag would let only one of them
/// write.</remarks>
[PreferLocalPlacement]
internal sealed partial class StoreGrain(
    [PersistentState("store", SiberiteClusterHosting.StorageName)] IPersistentState<StoreState> record,
    IClusterMembershipService membership,
    TimeProvider time,
    ILogger<StoreGrain> log)
    : Grain, IStoreGrain
{
    /// <summary>How long membership may take to catch up with what a claimant knows. 5 s: it is one read.</summary>
    private static readonly TimeSpan MembershipTimeout = TimeSpan.FromSeconds(5);

    private StoreId Store => QueueAddress.StoreOf(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async ValueTask<StoreRecord> ClaimAsync(StoreClaim claim)
    {
        var isRenewed = record.RecordExists && record.State.ToAddress().Equals(claim.Silo);
        var isFree = isRenewed || !record.RecordExists || !await IsMemberAsync(record.State, claim.MembershipVersion);
        if (isRenewed || !isFree)
        {
            return record.State.ToRecord(Store);
        }

        // Listed first: a store that is on the list and was never claimed shows nowhere; the other way it would be
        // missing among those that are away.
        await GrainFactory.GetGrain<IStoreListGrain>(0).AddAsync(Store);
        await ChangeAsync(state =>
        {
            state.Silo = claim.Silo.ToParsableString();
            state.Name = claim.Name;
            state.ClaimNumber++;
            state.ClaimedAt = time.GetUtcNow().ToUnixTimeMilliseconds();
            state.MembershipVersion = claim.MembershipVersion;
        });
        LogClaimed(log, Store, claim.Name, claim.Silo);
        return record.State.ToRecord(Store);
    }

    /// <inheritdoc/>
    public ValueTask<StoreRecord?> FindAsync()
        => new(record.RecordExists ? record.State.ToRecord(Store) : null);

    /// <inheritdoc/>
    public async ValueTask<bool> ReportAsync(SiloAddress silo, long queueCount, long itemCount)
    {
        if (!record.RecordExists || !record.State.ToAddress().Equals(silo))
        {
            return false;
        }

        if (record.State.QueueCount != queueCount || record.State.ItemCount != itemCount)
        {
            await ChangeAsync(state => (state.QueueCount, state.ItemCount) = (queueCount, itemCount));
        }

        return true;
    }

    /// <inheritdoc/>
    public async ValueTask SetDrainingAsync(bool isDraining)
    {
        if (!record.RecordExists)
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"No silo ever had a store {Store}.", inner: null);
        }

        await ChangeAsync(state => state.IsDraining = isDraining);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ForgetAsync()
    {
        if (record.RecordExists && await IsMemberAsync(record.State, version: 0))
        {
            return false;
        }

        await GrainFactory.GetGrain<IStoreListGrain>(0).RemoveAsync(Store);
        DeactivateOnIdle();
        await record.ClearStateAsync();
        return true;
    }

    /// <summary>Whether membership, as it stands by now, knows the silo and has not declared it dead.</summary>
    private async Task<bool> IsMemberAsync(StoreState state, long version)
    {
        // The claimant is a member in a membership of its own; the holder was one when it claimed. This silo must not
        // know less than either.
        var leastVersion = new MembershipVersion(Math.Max(version, state.MembershipVersion));
        using var timeout = new CancellationTokenSource(MembershipTimeout, time);
        try
        {
            await membership.Refresh(leastVersion, timeout.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            // A membership table that was wiped begins to count anew: what it says now counts.
        }

        return membership.CurrentSnapshot.GetSiloStatus(state.ToAddress()) is not (SiloStatus.Dead or SiloStatus.None);
    }

    private async Task ChangeAsync(Action<StoreState> change)
    {
        change(record.State);
        try
        {
            await record.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle(); // What is stored is unknown now; the next activation reads it.
            throw;
        }
    }

    [LoggerMessage(2061, LogLevel.Information, "Store {Store} was claimed by silo {Name} ({Silo}).")]
    private static partial void LogClaimed(ILogger log, StoreId store, string name, SiloAddress silo);
}

/// <summary>The list of all stores of the cluster.</summary>
[PreferLocalPlacement]
internal sealed class StoreListGrain(
    [PersistentState("list", SiberiteClusterHosting.StorageName)] IPersistentState<StoreListState> list)
    : Grain, IStoreListGrain
{
    /// <inheritdoc/>
    public ValueTask<StoreId[]> ListAsync()
        => new(Array.ConvertAll(list.State.Stores, store => new StoreId(store)));

    /// <inheritdoc/>
    public async ValueTask AddAsync(StoreId store)
    {
        if (!list.State.Stores.Contains(store.Value))
        {
            await ReplaceAsync([.. list.State.Stores, store.Value]);
        }
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(StoreId store)
    {
        if (list.State.Stores.Contains(store.Value))
        {
            await ReplaceAsync([.. list.State.Stores.Where(listed => listed != store.Value)]);
        }
    }

    private async Task ReplaceAsync(Guid[] stores)
    {
        list.State.Stores = stores;
        try
        {
            await list.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle(); // What is stored is unknown now; the next activation reads it.
            throw;
        }
    }
}
