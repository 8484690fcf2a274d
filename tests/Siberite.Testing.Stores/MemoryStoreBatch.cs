using System.Buffers;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Testing.Stores;

internal sealed partial class MemoryStoreBatch(
    Dictionary<(long QueueId, long Sequence), MemoryPayload> payloads, Lock payloadsGate) : IStoreBatch
{
    private const int OverheadBytes = 50;

    private readonly List<Action<StoredModel>> _changes = [];

    public long Bytes { get; private set; }

    public bool IsEmpty => _changes.Count == 0;

    public Action<StoredModel>[] Changes() => [.. _changes];

    public void PutQueue(in QueueRecord queue)
    {
        var record = queue;
        Add(model => model.PutQueue(record), record.Name.Length);
    }

    public void DropQueue(long queueId) => Add(model => model.DropQueue(queueId), payloadBytes: 0);

    public void AppendItem(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        var item = new StoredItem(header, payload.ToArray());
        Add(model => model.AppendItem(queueId, item, isLarge: false), item.Payload.Length);
    }

    public void AppendLarge(long queueId, in ItemHeader header, ILargePayload payload)
    {
        var large = (MemoryPayload)payload;
        if (large.QueueId != queueId)
        {
            throw new InvalidOperationException($"Queue {queueId} was given a payload of queue {large.QueueId}.");
        }

        lock (payloadsGate)
        {
            payloads.Add((queueId, header.Sequence), large);
        }

        var item = new StoredItem(header, large.Bytes);
        Add(model => model.AppendItem(queueId, item, isLarge: true), payloadBytes: 0);
    }

    public void PutReader(long queueId, int reader, in ReaderState state)
    {
        var copy = state with { Closed = state.Closed.ToArray() };
        Add(model => model.PutReader(queueId, reader, copy), sizeof(long) * copy.Closed.Length);
    }

    public void PutCursor(long queueId, int reader, in CursorRecord cursor)
    {
        var record = cursor;
        Add(model => model.PutCursor(queueId, reader, record), record.Name.Length);
    }

    public void DropCursor(long queueId, int reader)
        => Add(model => model.DropCursor(queueId, reader), payloadBytes: 0);

    public void TrimItems(long queueId, long first, long limit)
        => Add(model => model.TrimItems(queueId, first, limit), payloadBytes: 0);

    public void PutState(string key, byte[]? value)
    {
        var copy = (byte[]?)value?.Clone();
        Add(model => model.PutState(key, copy), key.Length + (copy?.Length ?? 0));
    }

    public void Clear()
    {
        _changes.Clear();
        Bytes = 0;
    }

    private void Add(Action<StoredModel> change, int payloadBytes)
    {
        _changes.Add(change);
        Bytes += OverheadBytes + payloadBytes;
    }
}
