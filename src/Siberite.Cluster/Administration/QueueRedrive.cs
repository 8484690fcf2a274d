using System.Buffers;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Moves items of a queue of this silo to another queue, wherever that is.</summary>
/// <remarks>
/// Items are opened as a reader would. If the target is on this silo, too, they are appended there and closed here in
/// one batch. Otherwise they are closed when the target has them as safe as a set's: a crash between leaves an item in
/// both queues, and loses none.
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
            if (await TryPassAsync(source, session, items, target) is { } passed)
            {
                return passed with { IsOver = passed.IsOver || isEmpty };
            }

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

    /// <summary>In one batch, if the target is a strict queue of this silo. What the target does not take stays open,
    /// to be given back.</summary>
    private async Task<RedriveResult?> TryPassAsync(
        Queue source, SessionId session, List<Item> items, QueueName name)
    {
        try
        {
            if (await router.OpenAsync(name) is not Queue target)
            {
                return null;
            }

            var passed = queues.Pass(source, session, items, target);
            await queues.Commits.WaitAsync(passed.Commit);
            return passed.IsTargetGone
                ? null // It is looked up again on the long way.
                : passed.Count == items.Count
                    ? new RedriveResult(passed.Count, IsOver: false, Trouble: null)
                    : new RedriveResult(passed.Count, IsOver: true, ItemAppends.FullOf(name));
        }
        catch (SiberiteException e)
        {
            return new RedriveResult(0, IsOver: true, e.Message);
        }
    }

    private static async Task<(List<Item> Items, bool IsEmpty)> TakeAsync(
        Queue source, SessionId session, int maxCount)
    {
        var items = new List<Item>();
        for (var bytes = 0L; items.Count < maxCount && bytes < MaxBytesPerCall; bytes += items[^1].PayloadBytes)
        {
            var taken = await source.TakeForAdminAsync(session);
            if (taken.Status != TakeStatus.Taken)
            {
                return (items, IsEmpty: true);
            }

            items.Add(taken.Item.InMemory());
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
