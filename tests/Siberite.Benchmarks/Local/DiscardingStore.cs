using System.Buffers;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Benchmarks.Local;

/// <summary>A store that keeps nothing and costs nothing, so that what is left is the engine. Nothing can be read from
/// it: queues must stay short enough to be served from memory.</summary>
internal sealed class DiscardingStore : IQueueStore
{
    public StoreId Id { get; } = new(Guid.NewGuid());

    public bool HasRoom => true;

    public IReadOnlyList<StoredQueue> LoadQueues() => [];

    public IStoreBatch CreateBatch() => new DiscardingBatch();

    public void Write(IStoreBatch batch)
    {
    }

    public void Sync()
    {
    }

    public void ReadItems(long queueId, long first, long limit, long maxBytes, ICollection<StoredItem> target)
        => throw new InvalidOperationException("The queue outgrew memory, and this store has kept nothing.");

    public QueueExtras ReadExtras(long queueId) => default;

    public DelayedKey? FindDelayed(long queueId, DelayedKey first) => null;

    public void ReadDelayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount, long maxBytes, ICollection<DelayedItem> target)
    {
    }

    public SeenId? FindId(long queueId, ReadOnlySpan<byte> id) => null;

    public void ReadIds(long queueId, long first, int maxCount, ICollection<StoredId> target)
    {
    }

    public void ReclaimSpace(long queueId, long limit, bool isEmpty)
    {
    }

    public byte[]? ReadState(string key) => null;

    public void Dispose()
    {
    }

    private sealed class DiscardingBatch : IStoreBatch
    {
        public long Bytes { get; private set; }

        public bool IsEmpty => Bytes == 0;

        public void PutQueue(in QueueRecord queue) => Bytes++;

        public void DropQueue(long queueId) => Bytes++;

        public void AppendItem(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload)
            => Bytes += payload.Length + 1;

        public void PutReader(long queueId, int reader, in ReaderState state) => Bytes++;

        public void TrimItems(long queueId, long first, long limit) => Bytes++;

        public void AppendDelayed(
            long queueId, DelayedKey key, in ItemHeader header, in ReadOnlySequence<byte> payload)
            => Bytes += payload.Length + 1;

        public void RemoveDelayed(long queueId, DelayedKey key) => Bytes++;

        public void DropDelayed(long queueId) => Bytes++;

        public void PutDelayedState(long queueId, in DelayedState state) => Bytes++;

        public void PutId(long queueId, long ordinal, long seenAt, ReadOnlySpan<byte> id) => Bytes++;

        public void RemoveId(long queueId, ReadOnlySpan<byte> id) => Bytes++;

        public void PutDeliveries(long queueId, in Deliveries deliveries)
        {
        }

        public void RemoveDeliveries(long queueId, int reader, long sequence)
        {
        }

        public void TrimIds(long queueId, long first, long limit) => Bytes++;

        public void PutCursor(long queueId, int reader, in CursorRecord cursor) => Bytes++;

        public void DropCursor(long queueId, int reader) => Bytes++;

        public void PutState(string key, byte[]? value) => Bytes++;

        public void Clear() => Bytes = 0;
    }
}
