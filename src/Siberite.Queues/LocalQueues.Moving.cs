using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Queues that come from other stores and go to them. What is promised is in the remarks of each step.
public sealed partial class LocalQueues
{
    private const string MovesKey = "engine/moves";

    private readonly Dictionary<Guid, QueueMove> _moves = []; // Guarded by the naming lock.

    /// <summary>Moves that are not over, as they are on disk, or about to be.</summary>
    public IReadOnlyList<QueueMove> Moves
    {
        get
        {
            lock (_naming)
            {
                return [.. _moves.Values];
            }
        }
    }

    /// <summary>The names of all queues that exist durably.</summary>
    public IReadOnlyList<QueueName> Names
        => [.. _queues.Values.Where(queue => queue.IsStored).Select(queue => queue.Name)];

    /// <summary>Deletes the queue unless it has items, waiting or in hands.</summary>
    /// <returns>Whether it is gone, and when that is done.</returns>
    public (bool IsGone, Commit Commit) DropIfEmpty(QueueName name)
    {
        lock (_naming)
        {
            if (!_queues.TryGetValue(name, out var queue))
            {
                return (true, default);
            }

            using (queue.Hold())
            {
                if (!queue.IsUnused)
                {
                    return (false, default);
                }

                return (true, Delete(name));
            }
        }
    }

    /// <summary>Source: from the commit on, the queue lives at <paramref name="target"/>. It must stand still, and the
    /// target must have all of it on disk.</summary>
    public Commit Depart(Guid move, Queue queue, StoreId target)
    {
        lock (_naming)
        {
            _moves[move] = new QueueMove(
                move, MoveStage.Departed, queue.Name.Value, target, queue.Id, CreatedAt: 0, default);
            return PutMoves();
        }
    }

    /// <summary>Source: the target serves the queue and the cluster knows it; what is left here goes.</summary>
    public Commit FinishDeparture(Guid move)
    {
        Queue? left = null;
        Commit commit;
        lock (_naming)
        {
            if (!_moves.Remove(move, out var known))
            {
                return default;
            }

            var name = QueueName.Parse(known.Name);
            if (_queues.TryGetValue(name, out var found) && found.Id == known.QueueId)
            {
                left = found;
                _queues.TryRemove(name, out _);
            }

            commit = PutMoves(batch => batch.DropQueue(known.QueueId));
            _dropped.Enqueue((known.QueueId, commit, MayRewrite: true));
        }

        left?.Depart();
        return commit;
    }

    /// <summary>Target: makes ready for a queue's items. It is in no list of queues until it is adopted.</summary>
    /// <exception cref="SiberiteException">There is a queue of that name here, or no room for one.</exception>
    public Commit BeginArrival(Guid move, QueueName name, StoreId source, long createdAt)
    {
        lock (_naming)
        {
            if (_moves.ContainsKey(move))
            {
                return default; // Asked again: the first answer was lost.
            }

            _shared.ThrowIfRefusing();
            if (Find(name) is not null || _moves.Values.Any(other => other.Name == name.Value && IsServed(other)))
            {
                throw new SiberiteException(
                    SiberiteError.QueueUnavailable, $"The target has a queue {name} of its own.", inner: null);
            }

            ThrowIfNameless();
            if (_queues.Count >= _options.MaxQueues)
            {
                throw new SiberiteException(SiberiteError.TooManyQueues, "The silo has too many queues.", inner: null);
            }

            var arriving = new QueueMove(
                move, MoveStage.Arriving, name.Value, source, _nextQueueId++, createdAt, default);
            _moves.Add(move, arriving);
            return PutMoves(batch => PutNextQueueId(batch, _nextQueueId));
        }
    }

    /// <summary>Target: stores items. The same items again do no harm.</summary>
    /// <returns>When it is done, the items are synced.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the move is not known
    /// here, or too far on.</exception>
    public Commit AddArrivals(Guid move, IReadOnlyList<StoredItem> items)
    {
        Commit last = default;
        lock (_naming)
        {
            var queueId = Arriving(move).QueueId;
            _shared.ThrowIfRefusing();
            foreach (var item in items)
            {
                // Whatever the policies here: where they come from they may have been synced, and will be deleted.
                last = _commits.Append(
                    queueId, item.Header, new ReadOnlySequence<byte>(item.Payload), Durability.Always);
            }
        }

        return last;
    }

    /// <summary>Target: all items are stored. From the commit on they outlast a restart.</summary>
    public Commit CompleteArrival(Guid move, in MoveEnd end)
    {
        lock (_naming)
        {
            if (_moves.TryGetValue(move, out var known) && known.Stage == MoveStage.Arrived)
            {
                return Synced(PutMoves());
            }

            _moves[move] = Arriving(move) with { Stage = MoveStage.Arrived, End = end };
            return PutMoves();
        }
    }

    /// <summary>Target: the source has given the queue away; it is served here from now on.</summary>
    /// <returns>When it is done, the queue is a queue like others.</returns>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: the move is not known
    /// here.</exception>
    public Commit Adopt(Guid move)
    {
        lock (_naming)
        {
            var known = Known(move);
            if (known.Stage == MoveStage.Adopted)
            {
                return PutMoves();
            }

            if (known.Stage != MoveStage.Arrived)
            {
                throw Unknown(move);
            }

            var record = new QueueRecord(known.QueueId, known.Name, known.CreatedAt);
            var stored = new StoredQueue(record, known.End.Reader, known.End.Tail - 1, known.End.AppendedBytes)
            {
                Cursors = known.End.Cursors,
                Extras = _store.ReadExtras(known.QueueId),
            };
            var queue = new Queue(_shared, stored, QueueName.Parse(known.Name), isStored: true);
            _moves[move] = known with { Stage = MoveStage.Adopted, End = default };
            var commit = PutMoves(batch =>
            {
                batch.PutQueue(record);
                batch.PutReader(record.Id, reader: 0, known.End.Reader);
                foreach (var cursor in known.End.Cursors)
                {
                    batch.PutCursor(record.Id, cursor.Number, cursor.Record);
                    batch.PutReader(record.Id, cursor.Number, cursor.State);
                }
            });
            if (_queues.TryGetValue(queue.Name, out var placeholder))
            {
                placeholder.Depart(); // In memory only: whoever waits there looks the name up again.
            }

            _queues[queue.Name] = queue;
            return commit;
        }
    }

    /// <summary>Target: forgets a move; what has arrived of a queue that is not adopted goes.</summary>
    public Commit EndArrival(Guid move)
    {
        lock (_naming)
        {
            if (!_moves.TryGetValue(move, out var known) || known.Stage == MoveStage.Departed)
            {
                return default;
            }

            _moves.Remove(move);
            if (known.Stage == MoveStage.Adopted)
            {
                return PutMoves();
            }

            var commit = PutMoves(batch => batch.DropQueue(known.QueueId));
            _dropped.Enqueue((known.QueueId, commit, MayRewrite: true));
            return commit;
        }
    }

    /// <summary>What a crash left of moves. Called before anything is served.</summary>
    private void LoadMoves()
    {
        var stored = MoveList.Read(_store.ReadState(MovesKey));
        foreach (var move in stored)
        {
            _nextQueueId = Math.Max(_nextQueueId, move.QueueId + 1);
            if (move.Stage == MoveStage.Departed)
            {
                var name = QueueName.Parse(move.Name);
                if (_queues.TryGetValue(name, out var copy) && copy.Id == move.QueueId)
                {
                    _queues.TryRemove(name, out _);
                }
            }

            _moves.Add(move.Id, move);
        }

        foreach (var move in stored.Where(move => move.Stage == MoveStage.Arriving))
        {
            EndArrival(move.Id);
        }
    }

    /// <summary>A queue that was given away must not come up here anew while the cluster still looks for it
    /// here.</summary>
    private void ThrowIfDeparted(QueueName name)
    {
        if (_moves.Values.Any(move => move.Stage == MoveStage.Departed && move.Name == name.Value))
        {
            throw new SiberiteException(
                SiberiteError.QueueMoving, $"Queue {name} is moving to another silo.", inner: null);
        }
    }

    private static bool IsServed(QueueMove move) => move.Stage is MoveStage.Departed or MoveStage.Arrived;

    private static Commit Synced(Commit commit) => commit with { Level = CommitLevel.Synced };

    private QueueMove Known(Guid move) => _moves.TryGetValue(move, out var known) ? known : throw Unknown(move);

    private QueueMove Arriving(Guid move)
        => Known(move) is { Stage: MoveStage.Arriving } known ? known : throw Unknown(move);

    private static SiberiteException Unknown(Guid move)
        => new(SiberiteError.QueueUnavailable, $"Move {move} is not known here.", inner: null);

    /// <summary>Stores the list together with what changes with it.</summary>
    /// <returns>Synced, whatever the durability: a move must not be half of one policy and half of another.</returns>
    private Commit PutMoves(Action<IStoreBatch>? change = null)
    {
        var list = MoveList.Write([.. _moves.Values]);
        return Synced(_commits.Mutate((list, change), static (batch, state) =>
        {
            batch.PutState(MovesKey, state.list);
            state.change?.Invoke(batch);
        }));
    }
}
