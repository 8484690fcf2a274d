namespace Siberite.Contracts;

/// <summary>What an operator does with the queues of the whole cluster, from any silo.</summary>
public interface IQueueMoves
{
    /// <summary>The stores of active silos with the silos' names.</summary>
    IReadOnlyList<SiloName> Silos { get; }

    /// <summary>Begins to move a strict queue to a silo.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="silo">The target: its name, or its store id.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: no such queue or silo, or the
    /// queue is loose; <see cref="SiberiteError.QueueMoving"/>: it is moving already.</exception>
    ValueTask<MoveStatus> MoveAsync(QueueName name, string silo);

    /// <summary>The latest move of a queue that an active silo remembers, one that goes on before those that have
    /// ended; or <see langword="null"/>.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="move">Which move, instead of the latest.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: none is found, and not all
    /// silos answer.</exception>
    ValueTask<MoveStatus?> FindMoveAsync(QueueName name, Guid? move = null);

    /// <summary>Begins to give all queues of a silo to the others, or to stop doing so.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: no such silo.</exception>
    ValueTask<DrainStatus> DrainAsync(string silo, bool isDraining);

    /// <summary>How far that is.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: no such silo.</exception>
    ValueTask<DrainStatus> GetDrainAsync(string silo);
}

/// <summary>A silo by its name.</summary>
/// <param name="Store">Its store.</param>
/// <param name="Name">Its name.</param>
public sealed record SiloName(StoreId Store, string Name);
