namespace Siberite.Contracts;

/// <summary>One store's record in the cluster: which silo has it. The key is the store id, in 32 digits. Durable before
/// it answers.</summary>
/// <remarks>What refuses a copied disk: of two silos with one store only one can hold the record, and the other must
/// not serve.</remarks>
[Alias("siberite.store")]
public interface IStoreGrain : IGrainWithStringKey
{
    /// <summary>Takes the store for a silo, unless another silo that is a member of the cluster has it.</summary>
    /// <returns>The record as it stands now: the claim was granted if it names the claimant.</returns>
    [Alias("claim")]
    ValueTask<StoreRecord> ClaimAsync(StoreClaim claim);

    /// <summary>The record, or <see langword="null"/> if no silo ever had the store.</summary>
    [Alias("find")]
    ValueTask<StoreRecord?> FindAsync();

    /// <summary>Keeps a silo's latest counts, to show when it is away.</summary>
    /// <returns>Whether the silo still has the store. If not, it must stop.</returns>
    [Alias("report")]
    ValueTask<bool> ReportAsync(SiloAddress silo, long queueCount, long itemCount);

    /// <summary>Says whether new queues may have their home here. A store that is being drained takes none.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: there is no such
    /// store.</exception>
    [Alias("set-draining")]
    ValueTask SetDrainingAsync(bool isDraining);

    /// <summary>Strikes the store off the cluster's list, for a silo that will not come back.</summary>
    /// <returns><see langword="false"/> if a silo of the cluster has it; nothing was changed then.</returns>
    [Alias("forget")]
    ValueTask<bool> ForgetAsync();
}

/// <summary>The list of all stores that ever were claimed and not forgotten. One grain, with key 0.</summary>
[Alias("siberite.store-list")]
public interface IStoreListGrain : IGrainWithIntegerKey
{
    /// <summary>All stores, in no order.</summary>
    [Alias("list")]
    ValueTask<StoreId[]> ListAsync();

    /// <summary>Adds a store. Durable when it answers.</summary>
    [Alias("add")]
    ValueTask AddAsync(StoreId store);

    /// <summary>Removes a store. Durable when it answers.</summary>
    [Alias("remove")]
    ValueTask RemoveAsync(StoreId store);
}

/// <summary>A silo's wish to serve a store.</summary>
/// <param name="Silo">The silo, as this run of it is known to the cluster.</param>
/// <param name="Name">Its name.</param>
/// <param name="MembershipVersion">The membership the silo knows, in which it is a member.</param>
[GenerateSerializer, Immutable, Alias("siberite.store-claim")]
public sealed record StoreClaim(
    [property: Id(0)] SiloAddress Silo, [property: Id(1)] string Name, [property: Id(2)] long MembershipVersion);

/// <summary>What the cluster keeps of a store.</summary>
/// <param name="Store">The store.</param>
/// <param name="Silo">Who has it, or had it last.</param>
/// <param name="Name">That silo's name.</param>
/// <param name="ClaimNumber">Counts the claims that were granted: of two silos that both believe they have the store,
/// the one with the higher number is right.</param>
/// <param name="ClaimedAt">When the last claim was granted, in Unix milliseconds.</param>
/// <param name="IsDraining">Whether it takes no new queues.</param>
/// <param name="QueueCount">Queues when the silo last reported.</param>
/// <param name="ItemCount">Items that waited then.</param>
[GenerateSerializer, Immutable, Alias("siberite.store-record")]
public sealed record StoreRecord(
    [property: Id(0)] StoreId Store,
    [property: Id(1)] SiloAddress Silo,
    [property: Id(2)] string Name,
    [property: Id(3)] long ClaimNumber,
    [property: Id(4)] long ClaimedAt,
    [property: Id(5)] bool IsDraining,
    [property: Id(6)] long QueueCount,
    [property: Id(7)] long ItemCount);
