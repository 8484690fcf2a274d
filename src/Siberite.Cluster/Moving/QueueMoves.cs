using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Finds the silos that an operator's wish concerns.</summary>
internal sealed class QueueMoves(ClusterView view, IGrainFactory grains) : IQueueMoves
{
    /// <inheritdoc/>
    public IReadOnlyList<SiloName> Silos
        => [.. view.Silos.Select(silo => new SiloName(silo.Value.Store, silo.Value.Name))
            .OrderBy(silo => silo.Name, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public async ValueTask<MoveStatus> MoveAsync(QueueName name, string silo)
    {
        var target = Find(silo);
        var directory = grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        var found = await GrainCallFailure.FromDirectoryAsync(directory.FindAsync, name);
        if (found is not { Home: { Mode: QueueMode.Strict, Stores: [var source] } })
        {
            throw Refusal(found is null ? $"There is no queue {name}." : $"Queue {name} is loose: it is everywhere.");
        }

        return await GrainCallFailure.TranslateAsync(GrainOf(source).BeginAsync(name, target), name);
    }

    /// <inheritdoc/>
    /// <remarks>Each silo knows the moves it is the source of: all are asked.</remarks>
    public async ValueTask<MoveStatus?> FindMoveAsync(QueueName name, Guid? move = null)
    {
        var lists = Silos.Select(silo => ListAsync(silo.Store, name)).ToArray();
        await ((Task)Task.WhenAll(lists)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var found = lists.Where(list => list.IsCompletedSuccessfully)
            .SelectMany(list => list.Result)
            .Where(known => known.Name == name.Value && (move is null || known.Move == move))
            .OrderBy(known => known.IsOver)
            .ThenByDescending(known => known.BegunAt)
            .FirstOrDefault();
        if (found is null)
        {
            await Task.WhenAll(lists); // Whoever does not answer may know of one.
        }

        return found;
    }

    /// <inheritdoc/>
    public async ValueTask<DrainStatus> DrainAsync(string silo, bool isDraining)
        => await TranslateAsync(GrainOf(Find(silo)).DrainAsync(isDraining), silo);

    /// <inheritdoc/>
    public async ValueTask<DrainStatus> GetDrainAsync(string silo)
        => await TranslateAsync(GrainOf(Find(silo)).GetDrainAsync(), silo);

    private async Task<MoveStatus[]> ListAsync(StoreId store, QueueName name)
        => await GrainCallFailure.TranslateAsync(GrainOf(store).ListAsync(), name);

    private static async ValueTask<DrainStatus> TranslateAsync(ValueTask<DrainStatus> call, string silo)
    {
        try
        {
            return await call;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new SiberiteException(SiberiteError.QueueUnavailable, $"Silo {silo} did not answer.", e);
        }
    }

    private static SiberiteException Refusal(string text) => new(SiberiteError.QueueUnavailable, text, inner: null);

    private IMovesGrain GrainOf(StoreId store) => grains.GetGrain<IMovesGrain>(store.ToString());

    private StoreId Find(string silo)
        => Silos.FirstOrDefault(known => known.Name == silo || known.Store.ToString() == silo)?.Store
            ?? throw Refusal($"There is no active silo {silo}.");
}
