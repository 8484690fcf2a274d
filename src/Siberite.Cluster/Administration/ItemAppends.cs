using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Appends several items to one queue, in their order.</summary>
internal static class ItemAppends
{
    /// <summary>Tries when the queue is gone in the meantime, by a deletion or a move.</summary>
    private const int MaxTries = 3;

    /// <summary>Appends until one is refused. What is under way to another silo by then may be stored all the
    /// same.</summary>
    public static async Task<ItemAppend> AppendAsync(
        IQueueRouter router, QueueName name, IReadOnlyList<ItemDraft> drafts)
    {
        var append = new ItemAppend(drafts.Count);
        for (var tries = 0; tries < MaxTries && !append.IsOver; tries++)
        {
            try
            {
                await ContinueAsync(router, await router.OpenAsync(name), drafts, append);
            }
            catch (SiberiteException e)
            {
                append.Trouble = e.Message;
            }
        }

        append.Trouble ??= append.IsOver ? null : $"Queue {name} is deleted whenever it is looked up.";
        return append;
    }

    /// <summary>Starts appends without awaiting the earlier ones, so that they share commits and calls.</summary>
    private static async Task ContinueAsync(
        IQueueRouter router, IQueue queue, IReadOnlyList<ItemDraft> drafts, ItemAppend append)
    {
        var first = append.PrefixCount;
        var started = new List<Task<AppendResult>>();
        for (var i = first; i < drafts.Count; i++)
        {
            started.Add(StartAsync(queue, drafts[i]));
            if (started[^1] is { IsCompleted: true } over
                && !(over.IsCompletedSuccessfully && over.Result.Status == AppendStatus.Stored))
            {
                break;
            }
        }

        var last = default(Commit);
        var stored = new List<int>();
        for (var i = 0; i < started.Count; i++)
        {
            try
            {
                var result = await started[i];
                if (result.Status == AppendStatus.Stored)
                {
                    last = result.Commit.Batch >= last.Batch ? result.Commit : last;
                    stored.Add(first + i);
                }
                else if (result.Status == AppendStatus.Full)
                {
                    append.Trouble ??= $"Queue {queue.Name} takes no more: a limit of its settings is reached.";
                }
            }
            catch (SiberiteException e)
            {
                append.Trouble ??= e.Message;
            }
        }

        await router.Commits.WaitAsync(last);
        stored.ForEach(append.Note);
    }

    private static async Task<AppendResult> StartAsync(IQueue queue, ItemDraft draft)
        => await queue.AppendAsync(draft);
}

/// <summary>How far an append of several items is.</summary>
internal sealed class ItemAppend(int count)
{
    private readonly bool[] _stored = new bool[count];

    /// <summary>Why some are not stored.</summary>
    public string? Trouble { get; set; }

    /// <summary>How many of the first ones are stored without a gap.</summary>
    public int PrefixCount => Array.IndexOf(_stored, false) is >= 0 and var gap ? gap : count;

    /// <summary>Whether nothing is left to do, or to be done.</summary>
    public bool IsOver => Trouble is not null || PrefixCount == count;

    /// <summary>Whether an item is stored, as safe as a set's.</summary>
    public bool IsStored(int index) => _stored[index];

    public void Note(int index) => _stored[index] = true;
}
