using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The stores of active silos.</summary>
internal interface IActiveStores
{
    /// <summary>This silo's own.</summary>
    StoreId Local { get; }

    /// <summary>Those of other active silos, in order of id; that of a silo that joined this moment may yet be
    /// missing.</summary>
    IReadOnlyList<StoreId> Others();

    /// <summary>The same without those that are being drained.</summary>
    IReadOnlyList<StoreId> OpenOthers();
}

/// <summary>As this silo sees the cluster now.</summary>
internal sealed class ActiveStores(ClusterView view, LocalQueues queues) : IActiveStores
{
    /// <inheritdoc/>
    public StoreId Local => queues.StoreId;

    /// <inheritdoc/>
    public IReadOnlyList<StoreId> Others() => Ordered(view.Silos.Select(silo => silo.Value.Store));

    /// <inheritdoc/>
    public IReadOnlyList<StoreId> OpenOthers() => Ordered(view.OpenStores());

    private StoreId[] Ordered(IEnumerable<StoreId> stores)
        => [.. stores.Where(store => store != Local).Distinct().OrderBy(store => store.Value)];
}
