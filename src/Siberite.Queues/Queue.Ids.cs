using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

// Sets that carry an id: of those with the same one, the first counts.
public sealed partial class Queue
{
    /// <summary>Why the queue does not take <paramref name="draft"/>; <see langword="null"/> if it does. For a caller
    /// that holds the queue.</summary>
    /// <remarks>A reply that tells of an earlier set waits until that one is as safe as its own reply has it. The
    /// look-up may read the store under the gate: that costs those who send ids.</remarks>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.MemoryFull"/>.</exception>
    internal AppendResult? RefusalOf(in ItemDraft draft)
    {
        if (draft.Id is { } id
            && Ids?.FindBatch(
                _shared.Store, _record.Id, id, IdLimitsNow(), _shared.Commits.WrittenBatch) is { } batch)
        {
            DuplicateCount++;
            return new AppendResult(
                AppendStatus.Duplicate,
                new Commit(batch, draft.MustSync ? CommitLevel.Synced : SetLevel));
        }

        if (!MayAppend(draft))
        {
            return new AppendResult(AppendStatus.Full, default);
        }

        ThrowIfMemoryIsUsedUp();
        return null;
    }

    /// <summary>Removes ids that no longer count. In the background.</summary>
    internal void TrimIds()
    {
        try
        {
            while (!_shared.Commits.HasFailed && TryTrimIds())
            {
            }
        }
        catch (SiberiteException e) when (e.Error != SiberiteError.StorageFailed)
        {
            LogIdsUnreadable(_shared.Log, Name.Value, e);
        }
    }

    private IdLimits IdLimitsNow()
    {
        var options = Options;
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        return new IdLimits(
            options.DedupMaxIds,
            options.DedupWindow == TimeSpan.Zero ? long.MinValue : now - (long)options.DedupWindow.TotalMilliseconds);
    }

    private void RememberId(byte[] id)
    {
        Ids ??= new SeenIds(0, 0);
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        LastIdBatch = _shared.Commits.OpenBatch;
        var seen = Ids.Add(id, now, LastIdBatch);
        _shared.Commits.Mutate(
            (_record.Id, seen, id),
            static (batch, one) => batch.PutId(one.Id, one.seen.Ordinal, one.seen.SeenAt, one.id));
    }

    /// <returns>Whether there may be more to remove.</returns>
    private bool TryTrimIds()
    {
        long first;
        lock (_gate)
        {
            if (_isGone || _still is not null || Ids is null
                || !Ids.BeginTrim(IdLimitsNow(), _shared.Commits.WrittenBatch))
            {
                return false;
            }

            first = Ids.First;
        }

        var oldest = new List<StoredId>();
        List<(StoredId, SeenId?)> found;
        try
        {
            _shared.Store.ReadIds(_record.Id, first, SeenIds.MaxPerTrim, oldest);
            found = [.. oldest.Select(id => (id, _shared.Store.FindId(_record.Id, id.Id)))];
        }
        catch
        {
            lock (_gate)
            {
                Ids.AbandonTrim();
            }

            throw;
        }

        lock (_gate)
        {
            var removed = new List<byte[]>();
            var limit = Ids.EndTrim(found, IdLimitsNow(), removed);
            if (_isGone || _still is not null || limit == first)
            {
                return false;
            }

            _shared.Commits.Mutate((_record.Id, first, limit, removed), static (batch, trim) =>
            {
                trim.removed.ForEach(id => batch.RemoveId(trim.Id, id));
                batch.TrimIds(trim.Id, trim.first, trim.limit);
            });
            return limit - first >= SeenIds.MaxPerTrim;
        }
    }

    [LoggerMessage(1512, LogLevel.Error, "Queue {Queue}: ids of sets could not be read. It is tried again.")]
    private static partial void LogIdsUnreadable(ILogger log, string queue, Exception e);
}
