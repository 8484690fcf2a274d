using Orleans.Runtime.MembershipService.SiloMetadata;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Finds the silos that an operator's wish concerns.</summary>
internal sealed class QueueMoves(
    LocalQueues queues, IGrainFactory grains, ISiloStatusOracle silos, ISiloMetadataCache metadata) : IQueueMoves
{
    /// <inheritdoc/>
    public IReadOnlyList<SiloName> Silos
        => [.. silos.GetActiveSilos().Select(NameOf).OfType<SiloName>().OrderBy(silo => silo.Name)];

    /// <inheritdoc/>
    public async ValueTask<MoveStatus> MoveAsync(QueueName name, string silo)
    {
        var target = Find(silo);
        var directory = grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        var home = await GrainCallFailure.TranslateAsync(directory.FindAsync(), name);
        if (home is not { Mode: QueueMode.Strict })
        {
            throw Refusal(home is null ? $"There is no queue {name}." : $"Queue {name} is loose: it is everywhere.");
        }

        return await GrainCallFailure.TranslateAsync(GrainOf(home.Stores[0]).BeginAsync(name, target), name);
    }

    /// <inheritdoc/>
    public async ValueTask<MoveStatus?> FindMoveAsync(QueueName name)
    {
        foreach (var silo in Silos)
        {
            var moves = await GrainCallFailure.TranslateAsync(GrainOf(silo.Store).ListAsync(), name);
            if (moves.FirstOrDefault(move => move.Name == name.Value) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<DrainStatus> DrainAsync(string silo, bool isDraining)
        => await TranslateAsync(GrainOf(Find(silo)).DrainAsync(isDraining), silo);

    /// <inheritdoc/>
    public async ValueTask<DrainStatus> GetDrainAsync(string silo)
        => await TranslateAsync(GrainOf(Find(silo)).GetDrainAsync(), silo);

    private static async ValueTask<DrainStatus> TranslateAsync(ValueTask<DrainStatus> call, string silo)
    {
        try
        {
            return await call;
        }
        catch (OrleansException e)
        {
            throw new SiberiteException(SiberiteError.QueueUnavailable, $"Silo {silo} did not answer.", e);
        }
    }

    private static SiberiteException Refusal(string text) => new(SiberiteError.QueueUnavailable, text, inner: null);

    private IMovesGrain GrainOf(StoreId store) => grains.GetGrain<IMovesGrain>(QueueMover.KeyOf(store));

    private StoreId Find(string silo)
        => Silos.FirstOrDefault(known => known.Name == silo || known.Store.ToString() == silo)?.Store
            ?? throw Refusal($"There is no active silo {silo}.");

    private SiloName? NameOf(SiloAddress silo)
    {
        if (!silos.TryGetSiloName(silo, out var name))
        {
            return null;
        }

        if (silo.Equals(silos.SiloAddress))
        {
            return new SiloName(queues.StoreId, name);
        }

        return metadata.GetSiloMetadata(silo).Metadata.TryGetValue(HomePlacementDirector.StoreKey, out var told)
            && Guid.TryParseExact(told, "n", out var store)
            ? new SiloName(new StoreId(store), name)
            : null;
    }
}
