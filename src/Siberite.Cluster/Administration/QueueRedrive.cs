using System.Buffers;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Moves items of a queue of this silo to another queue, wherever that is.</summary>
/// <remarks>
/// Items are opened as a reader would, then appended to the target, and closed at the source only when the target has
/// them as safe as a set's. So a crash at any moment leaves an item in the source, or in both queues, and loses none.
/// </remarks>
internal sealed class QueueRedrive(LocalSilo local, LocalQueues queues, IQueueRouter router)
{
    /// <summary>Items of one call. 1,000: a fraction of a second, so that who watches sees it go on.</summary>
    internal const int MaxCountPerCall = 1_000;

    /// <summary>Payload bytes of one call: 4 MiB are in memory at a time.</summary>
    internal const long MaxBytesPerCall = 4 << 20;

    private long _lastSession;

    /// <summary>Moves the oldest items that wait, a bounded number.</summary>
    public async Task<RedriveResult> RunAsync(Queue source, QueueName target, int maxCount)
    {
        // A session of no client: counted down from 0, where those of the gateway count up.
        var session = new SessionId(local.Run, Interlocked.Decrement(ref _lastSession));
        var (items, isEmpty) = await TakeAsync(source, session, Math.Min(maxCount, MaxCountPerCall));
        var append = new ItemAppend(items.Count);
        try
        {
            append = await ItemAppends.AppendAsync(
                router, target, items.ConvertAll(item => DraftOf(source, session, item)));
        }
        finally
        {
            await EndAsync(source, session, items, append);
        }

        var moved = Enumerable.Range(0, items.Count).Count(append.IsStored);
        return new RedriveResult(moved, isEmpty || append.Trouble is not null, append.Trouble);
    }

    private static async Task<(List<Item> Items, bool IsEmpty)> TakeAsync(
        Queue source, SessionId session, int maxCount)
    {
        var items = new List<Item>();
        for (var bytes = 0L; items.Count < maxCount && bytes < MaxBytesPerCall; bytes += items[^1].Payload.Length)
        {
            var taken = await source.TakeForAdminAsync(session);
            if (taken.Status != TakeStatus.Taken)
            {
                return (items, IsEmpty: true);
            }

            items.Add(taken.Item);
        }

        return (items, IsEmpty: false);
    }

    private static ItemDraft DraftOf(Queue source, SessionId session, Item item)
        => new(
            new ReadOnlySequence<byte>(item.Payload), item.Flags, source.ExpiresAtOf(session, item.Sequence),
            MustSync: false);

    /// <summary>Closes what the target has, and gives the rest back in its place.</summary>
    private async Task EndAsync(Queue source, SessionId session, List<Item> items, ItemAppend append)
    {
        var last = default(Commit);
        for (var i = 0; i < items.Count; i++)
        {
            if (append.IsStored(i))
            {
                last = await source.CloseAsync(session, items[i].Sequence);
            }
            else
            {
                await source.AbortAsync(session, items[i].Sequence);
            }
        }

        await queues.Commits.WaitAsync(last);
    }
}
