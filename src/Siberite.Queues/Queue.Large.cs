using Siberite.Contracts;

namespace Siberite.Queues;

// Payloads that go to files of their own, before the item that refers to them and outside the queue's gate.
public sealed partial class Queue
{
    /// <inheritdoc/>
    public ILargeDraft? BeginLarge(int bytes)
        => bytes >= _shared.LargeBytes && !_isGone && !IsDamaged && !_shared.Commits.HasFailed && _shared.Store.HasRoom
            ? _shared.Store.BeginLarge(_record.Id, bytes)
            : null;

    /// <summary>Takes an item for somebody elsewhere: its bytes come in memory. An item that cannot be read goes
    /// back.</summary>
    public async Task<TakeResult> TakeInMemoryAsync(SessionId session, TakeMode mode, TimeSpan wait)
    {
        var result = await TakeAsync(session, mode, wait);
        try
        {
            return result with { Item = result.Item.InMemory() };
        }
        catch (SiberiteException)
        {
            await AbortAsync(session, result.Item.Sequence);
            throw;
        }
    }

    private ValueTask<AppendResult> AppendLarge(in ItemDraft draft)
    {
        using var large = BeginLarge((int)draft.Payload.Length);
        if (large is null)
        {
            return AppendNow(draft);
        }

        foreach (var part in draft.Payload)
        {
            large.Write(part.Span);
        }

        return AppendNow(draft with { Payload = default, Large = large.Complete() });
    }
}
