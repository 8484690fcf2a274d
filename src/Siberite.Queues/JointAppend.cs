using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>Appends one item to several queues in one batch: all or nothing.</summary>
/// <remarks>A parent's children are among them. Gates are taken in order of id, so that two such calls cannot wait for
/// each other.</remarks>
internal static class JointAppend
{
    /// <summary>Appends to these queues and their children.</summary>
    /// <returns><see cref="AppendStatus.Gone"/>, and nothing was appended, if one of those named is.</returns>
    public static AppendResult Append(QueueShared shared, Queue[] named, in ItemDraft draft)
    {
        if (draft.Large is not null)
        {
            return Append(shared, named, draft.Copied()); // Its file knows of one queue.
        }

        AppendResult result;
        bool isDone;
        do
        {
            var families = Array.ConvertAll(named, queue => shared.FansOut ? queue.Children : []);
            var members = named.Concat(families.SelectMany(family => family));
            Queue[] all = [.. members.Distinct().OrderBy(queue => queue.Id)];
            isDone = TryAppend(shared, named, families, all, held: 0, draft, out result);
        }
        while (!isDone); // A child came or went meanwhile.

        return result;
    }

    private static bool TryAppend(
        QueueShared shared, Queue[] named, Queue[][] families, Queue[] all, int held, in ItemDraft draft,
        out AppendResult result)
    {
        if (held < all.Length)
        {
            using (all[held].Hold())
            {
                return TryAppend(shared, named, families, all, held + 1, draft, out result);
            }
        }

        result = new AppendResult(AppendStatus.Gone, default);
        if (named.Any(queue => queue.IsGone))
        {
            return true;
        }

        for (var i = 0; i < named.Length; i++)
        {
            named[i].ThrowIfDamaged();
            if (shared.FansOut && named[i].Children != families[i])
            {
                return false;
            }
        }

        // One damaged child must not stop its parent: it has been reported, and takes nothing until it is deleted.
        Queue[] live = [.. all.Where(queue => !queue.IsGone && !queue.IsDamaged)];
        result = AppendHolding(shared, live, draft);
        return true;
    }

    private static AppendResult AppendHolding(QueueShared shared, Queue[] queues, in ItemDraft draft)
    {
        shared.ThrowIfRefusing();
        foreach (var queue in queues)
        {
            queue.ThrowIfHeldStill();
            if (queue.RefusalOf(draft) is { } refusal)
            {
                return refusal;
            }
        }

        Commit last = default;
        using (shared.Commits.HoldBatch())
        {
            foreach (var queue in queues)
            {
                var commit = queue.Append(draft).Commit;
                var level = (CommitLevel)Math.Max((byte)commit.Level, (byte)last.Level); // The strictest of them.
                last = new Commit(Math.Max(commit.Batch, last.Batch), level);
            }
        }

        return new AppendResult(AppendStatus.Stored, last);
    }
}
