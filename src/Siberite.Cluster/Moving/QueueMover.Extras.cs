using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// What a queue has beside its items: sent while it stands still, for it changes in the middle as well as at its end.
internal sealed partial class QueueMover
{
    public async Task AddExtrasAsync(Guid move, MovedExtras extras)
        => await _queues.Commits.WaitAsync(_queues.AddExtras(
            move,
            new DelayedState(extras.DelayedCount, extras.DelayedBytes, extras.NextNumber),
            Array.ConvertAll(
                extras.Delayed,
                one => new DelayedItem(new DelayedKey(one.DueAt, one.Number), ToStored(one.Item))),
            Array.ConvertAll(extras.Ids, one => new StoredId(new SeenId(one.Ordinal, one.SeenAt), one.Value))));

    private async Task SendExtrasAsync(RunningMove move, Queue queue, IMovesGrain target)
    {
        var state = queue.GetDelayedState();
        for (var first = default(DelayedKey); state.NextNumber > 0;)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            var found = queue.ReadDelayedForMove(first, MaxBytesPerCall);
            MovedDelayedItem[] delayed =
                [.. found.Select(one => new MovedDelayedItem(one.Key.DueAt, one.Key.Number, ToMoved(one.Item)))];
            await target.AddExtrasAsync(
                move.Id, new MovedExtras(state.Count, state.Bytes, state.NextNumber, delayed, []));
            if (found.Count == 0)
            {
                break;
            }

            first = found[^1].Key.Next;
            move.SentCount += found.Count;
        }

        for (var found = queue.ReadIdsForMove(0); found.Count > 0;
            found = queue.ReadIdsForMove(found[^1].Seen.Ordinal + 1))
        {
            _stopping.Token.ThrowIfCancellationRequested();
            MovedId[] ids = [.. found.Select(one => new MovedId(one.Seen.Ordinal, one.Seen.SeenAt, one.Id))];
            await target.AddExtrasAsync(move.Id, new MovedExtras(0, 0, 0, [], ids));
        }
    }
}
