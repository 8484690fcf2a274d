using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// Queues that come from other silos.
internal sealed partial class QueueMover
{
    /// <summary>How long an arrival may rest before its source is asked what became of it. 30 s: longer than any call
    /// of a move takes.</summary>
    internal static readonly TimeSpan RestLimit = TimeSpan.FromSeconds(30);

    private int _isAsking;

    public async Task ReceiveAsync(Guid move, QueueName name, StoreId source, long createdAt)
    {
        await _queues.Commits.WaitAsync(_queues.BeginArrival(move, name, source, createdAt));
        _ = Task.Run(AskAboutArrivalsAsync);
    }

    public async Task AddAsync(Guid move, MovedItem[] items)
        => await _queues.Commits.WaitAsync(_queues.AddArrivals(move, Array.ConvertAll(items, ToStored)));

    public async Task CompleteAsync(Guid move, MovedPlace place)
    {
        var reader = new ReaderState(place.Position, place.ClosedBytes, place.Closed);
        var end = new MoveEnd(reader, place.Tail, place.AppendedBytes)
        {
            Cursors = [.. place.Cursors.Select(ToStored)],
        };
        await _queues.Commits.WaitAsync(_queues.CompleteArrival(move, end));
    }

    /// <remarks>What the queue is told at run time comes first: it must not be served without.</remarks>
    public async Task AdoptAsync(Guid move)
    {
        if (_queues.Moves.FirstOrDefault(known => known.Id == move) is { Stage: MoveStage.Arrived } arrived)
        {
            var name = QueueName.Parse(arrived.Name);
            var directory = _grains.GetGrain<IQueueDirectoryGrain>(arrived.Name);
            var found = await GrainCallFailure.FromDirectoryAsync(directory.GetSettingsAsync, name);
            await _settings.ReplaceAsync(name, found?.Values ?? []);
        }

        await _queues.Commits.WaitAsync(_queues.Adopt(move));
    }

    public async Task EndAsync(Guid move) => await _queues.Commits.WaitAsync(_queues.EndArrival(move));

    private static StoredItem ToStored(MovedItem item)
        => new(
            new ItemHeader(
                item.Sequence, item.Flags, item.EnqueuedAt, item.ExpiresAt, item.AppendedBytes, item.Deliveries),
            item.Payload);

    private static StoredCursor ToStored(MovedCursor cursor)
        => new(
            cursor.Number, new CursorRecord(cursor.Name, cursor.CreatedAt),
            new ReaderState(cursor.Position, cursor.ClosedBytes, cursor.Closed));

    /// <summary>While there are arrivals, asks their sources from time to time what became of them: the call that was
    /// to tell may have been lost, or the source with it.</summary>
    private async Task AskAboutArrivalsAsync()
    {
        if (Interlocked.Exchange(ref _isAsking, 1) != 0)
        {
            return;
        }

        try
        {
            while (_queues.Moves.Any(move => move.Stage != MoveStage.Departed))
            {
                await Task.Delay(RestLimit, _time, _stopping.Token);
                foreach (var move in _queues.Moves.Where(move => move.Stage != MoveStage.Departed))
                {
                    await AskAboutAsync(move);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The next run asks.
        }
        finally
        {
            Volatile.Write(ref _isAsking, 0);
        }
    }

    /// <summary>Asks about one arrival, and drops it if its source does not, and never will, give the queue away by
    /// it.</summary>
    internal async Task AskAboutAsync(QueueMove move)
    {
        try
        {
            if (await _grains.GetGrain<IMovesGrain>(move.Other.ToString()).AskAsync(move.Id) == MoveWord.Unknown)
            {
                if (move.Stage != MoveStage.Adopted)
                {
                    LogDropped(_log, move.Name, move.Other);
                }

                await EndAsync(move.Id);
            }
        }
        catch (Exception e) when (GrainCallFailure.From(e, QueueName.Parse(move.Name)) is not null)
        {
            // The source is away. Only it knows whether the queue is here now, so what has come is kept.
        }
    }
}
