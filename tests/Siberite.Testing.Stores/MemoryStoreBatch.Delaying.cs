using System.Buffers;
using Siberite.Queues;

namespace Siberite.Testing.Stores;

// Delayed items and ids.
internal sealed partial class MemoryStoreBatch
{
    public void AppendDelayed(
        long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        var item = new StoredItem(header with { Sequence = 0 }, payload.ToArray());
        Add(model => model.Extras.AppendDelayed(queueId, key, item), item.Payload.Length);
    }

    public void RemoveDelayed(long queueId, DelayedKey key)
        => Add(model => model.Extras.RemoveDelayed(queueId, key), payloadBytes: 0);

    public void DropDelayed(long queueId) => Add(model => model.Extras.DropDelayed(queueId), payloadBytes: 0);

    public void PutDelayedState(long queueId, in DelayedState state)
    {
        var copy = state;
        Add(model => model.Extras.PutDelayedState(queueId, copy), payloadBytes: 0);
    }

    public void PutId(long queueId, long ordinal, long seenAt, ReadOnlySpan<byte> id)
    {
        var stored = new StoredId(new SeenId(ordinal, seenAt), id.ToArray());
        Add(model => model.Extras.PutId(queueId, stored), 2 * id.Length);
    }

    public void RemoveId(long queueId, ReadOnlySpan<byte> id)
    {
        var copy = id.ToArray();
        Add(model => model.Extras.RemoveId(queueId, copy), copy.Length);
    }

    public void TrimIds(long queueId, long first, long limit)
        => Add(model => model.Extras.TrimIds(queueId, first, limit), payloadBytes: 0);
}
