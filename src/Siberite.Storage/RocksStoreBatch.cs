using System.Buffers;
using MemoryPack;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>Mutations in RocksDB's own form, so that a commit copies them once.</summary>
/// <param name="itemsFamily">Number of the items' column family.</param>
/// <param name="payloads">Where large and packed payloads go.</param>
/// <param name="packedItemBytes">Payloads from this size on may be packed.</param>
internal sealed partial class RocksStoreBatch(uint itemsFamily, PayloadFiles payloads, int packedItemBytes)
    : IStoreBatch
{
    private readonly WriteBatchBuffer _buffer = new();
    private readonly ArrayBufferWriter<byte> _scratch = new();
    private readonly StoredReaderState _reader = new();

    private readonly List<(long QueueId, long Limit)> _trims = [];

    /// <summary>Queues of which items below a limit are gone once the batch is written.</summary>
    public IReadOnlyList<(long QueueId, long Limit)> Trims => _trims;

    public long Bytes => _buffer.Length + _packedBytes;

    public bool IsEmpty => _buffer.Count == 0;

    /// <summary>What RocksDB is to apply.</summary>
    public ReadOnlySpan<byte> Written => _buffer.Written;

    public void PutQueue(in QueueRecord queue)
    {
        Span<byte> key = stackalloc byte[StoreKeys.QueueBytes];
        StoreKeys.WriteQueue(key, queue.Id);
        var record = new StoredQueueRecord { Name = queue.Name, CreatedAt = queue.CreatedAt };
        _scratch.ResetWrittenCount();
        MemoryPackSerializer.Serialize(_scratch, record);
        _buffer.Put(key, _scratch.WrittenSpan);
    }

    public void DropQueue(long queueId)
    {
        Span<byte> first = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limit = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> share = stackalloc byte[StoreKeys.ShareBytes];
        Span<byte> shareLimit = stackalloc byte[StoreKeys.ShareBytes];

        StoreKeys.WriteQueue(first, queueId);
        _buffer.Delete(first[..StoreKeys.QueueBytes]);

        StoreKeys.WriteReader(first, queueId, reader: 0);
        StoreKeys.WriteReader(limit, queueId + 1, reader: 0);
        _buffer.DeleteRange(first[..StoreKeys.ReaderBytes], limit[..StoreKeys.ReaderBytes]);

        StoreKeys.WriteCursor(first, queueId, reader: 0);
        StoreKeys.WriteCursor(limit, queueId + 1, reader: 0);
        _buffer.DeleteRange(first[..StoreKeys.ReaderBytes], limit[..StoreKeys.ReaderBytes]);

        StoreKeys.WriteItem(first, queueId, sequence: 0);
        StoreKeys.WriteItem(limit, queueId + 1, sequence: 0);
        _buffer.DeleteRange(itemsFamily, first, limit);
        DropExtras(queueId);

        StoreKeys.WriteShare(share, queueId, file: 0);
        StoreKeys.WriteShare(shareLimit, queueId + 1, file: 0);
        _buffer.DeleteRange(share, shareLimit);
        _trims.Add((queueId, long.MaxValue));
    }

    public void AppendItem(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        if (payload.Length >= packedItemBytes && TryPack(queueId, header, payload))
        {
            return;
        }

        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(key, queueId, header.Sequence);
        var value = _buffer.Put(itemsFamily, key, checked(ItemValue.HeaderBytes + (int)payload.Length));
        ItemValue.WriteHeader(value, header);
        payload.CopyTo(value[ItemValue.HeaderBytes..]);
    }

    public void AppendLarge(long queueId, in ItemHeader header, ILargePayload payload)
    {
        var large = (LargePayload)payload;
        payloads.Refer(_buffer, large.Share!, header.Sequence);

        Span<byte> key = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(key, queueId, header.Sequence);
        var value = _buffer.Put(itemsFamily, key, ItemValue.HeaderBytes + ItemValue.PlaceBytes);
        ItemValue.WriteHeader(value, header, ItemValue.LargeVersion);
        ItemValue.WritePlace(
            value[ItemValue.HeaderBytes..], large.File.Number, large.Offset, large.Length, large.Checksum);
    }

    public void PutReader(long queueId, int reader, in ReaderState state)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ReaderBytes];
        StoreKeys.WriteReader(key, queueId, reader);
        (_reader.Position, _reader.ClosedBytes, _reader.Closed) = (state.Position, state.ClosedBytes, state.Closed);
        _scratch.ResetWrittenCount();
        MemoryPackSerializer.Serialize(_scratch, _reader);
        _reader.Closed = default;
        _buffer.Put(key, _scratch.WrittenSpan);
    }

    public void PutCursor(long queueId, int reader, in CursorRecord cursor)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ReaderBytes];
        StoreKeys.WriteCursor(key, queueId, reader);
        var record = new StoredCursorRecord { Name = cursor.Name, CreatedAt = cursor.CreatedAt };
        _scratch.ResetWrittenCount();
        MemoryPackSerializer.Serialize(_scratch, record);
        _buffer.Put(key, _scratch.WrittenSpan);
    }

    public void DropCursor(long queueId, int reader)
    {
        Span<byte> key = stackalloc byte[StoreKeys.ReaderBytes];
        StoreKeys.WriteCursor(key, queueId, reader);
        _buffer.Delete(key);
        StoreKeys.WriteReader(key, queueId, reader);
        _buffer.Delete(key);
    }

    public void TrimItems(long queueId, long first, long limit)
    {
        // RocksDB takes an inverted range for an error, and any error of a write is final.
        if (first >= limit)
        {
            return;
        }

        Span<byte> firstKey = stackalloc byte[StoreKeys.ItemBytes];
        Span<byte> limitKey = stackalloc byte[StoreKeys.ItemBytes];
        StoreKeys.WriteItem(firstKey, queueId, first);
        StoreKeys.WriteItem(limitKey, queueId, limit);
        _buffer.DeleteRange(itemsFamily, firstKey, limitKey);
        _trims.Add((queueId, limit));
    }

    public void PutState(string key, byte[]? value)
    {
        if (value is null)
        {
            _buffer.Delete(StoreKeys.State(key));
        }
        else
        {
            _buffer.Put(StoreKeys.State(key), value);
        }
    }

    public void Clear()
    {
        EndPayloads();
        _buffer.Clear();
        _trims.Clear();
    }
}
