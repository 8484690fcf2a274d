using System.Buffers;
using System.Buffers.Binary;
using MemoryPack;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>A batch in the bytes that RocksDB itself uses for one (its <c>WriteBatch::rep_</c>).</summary>
/// <remarks>
/// So a commit is one copy and two native calls, however many items it carries, instead of one native call per item.
/// The layout is RocksDB's write-ahead log format (db/write_batch.cc) and has not changed since LevelDB:
/// <code>
/// batch  = sequence:u64 (0) count:u32 record*
/// record = tag [family] key value    tag 0x05  put in a column family
///        | tag [family] key          tag 0x04  delete in a column family
///        | tag [family] begin end    tag 0x0E  delete a range in a column family
/// family = varint32;  key, value, begin, end = varint32 length, bytes;  integers little-endian
/// </code></remarks>
internal sealed class RocksBatch(uint metadataFamily, uint itemsFamily) : IStoreBatch
{
    private const byte TagPut = 0x05;
    private const byte TagDelete = 0x04;
    private const byte TagDeleteRange = 0x0E;
    private const int HeadBytes = 12;
    private const int MaxVarintBytes = 5;

    /// <summary>A buffer that grew beyond this for a large batch is not kept.</summary>
    private const int MaxKeptBytes = 1 << 20;

    private byte[] _bytes = new byte[64 << 10];
    private int _length = HeadBytes;
    private uint _count;

    public long Bytes => _length;

    public bool IsEmpty => _count == 0;

    /// <summary>The whole batch. Valid until the next change.</summary>
    public ReadOnlySpan<byte> Representation
    {
        get
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(8), _count);
            return _bytes.AsSpan(0, _length);
        }
    }

    public void PutQueue(in QueueRecord queue)
    {
        var record = new StoredQueueRecord { Name = queue.Name, CreatedAt = queue.CreatedAt };
        Put(metadataFamily, MetadataKey.Queue(queue.Id), MemoryPackSerializer.Serialize(record));
    }

    public void DropQueue(long queueId)
    {
        Delete(metadataFamily, MetadataKey.Queue(queueId));
        DeleteRange(metadataFamily, MetadataKey.Reader(queueId, 0), MetadataKey.Reader(queueId + 1, 0));
        TrimItems(queueId, 0, long.MaxValue);
    }

    public void AppendItem(long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload)
    {
        var payloadBytes = checked((int)payload.Length);
        Reserve(1 + (3 * MaxVarintBytes) + ItemCodec.KeyBytes + ItemCodec.HeaderBytes + payloadBytes);
        BeginRecord(TagPut, itemsFamily);
        WriteVarint(ItemCodec.KeyBytes);
        ItemCodec.WriteKey(Take(ItemCodec.KeyBytes), queueId, header.Sequence);
        WriteVarint((uint)(ItemCodec.HeaderBytes + payloadBytes));
        ItemCodec.WriteHeader(Take(ItemCodec.HeaderBytes), header);
        payload.CopyTo(Take(payloadBytes));
    }

    public void PutReader(long queueId, int reader, in ReaderState state)
    {
        var record = new StoredReaderRecord
        {
            Position = state.Position,
            ClosedBytes = state.ClosedBytes,
            Closed = state.Closed.ToArray(),
        };
        Put(metadataFamily, MetadataKey.Reader(queueId, reader), MemoryPackSerializer.Serialize(record));
    }

    public void TrimItems(long queueId, long first, long limit)
        => DeleteRange(itemsFamily, ItemCodec.Key(queueId, first), ItemCodec.Key(queueId, limit));

    public void PutState(string key, byte[]? value)
    {
        if (value is null)
        {
            Delete(metadataFamily, MetadataKey.State(key));
        }
        else
        {
            Put(metadataFamily, MetadataKey.State(key), value);
        }
    }

    public void Clear()
    {
        _length = HeadBytes;
        _count = 0;
        if (_bytes.Length > MaxKeptBytes)
        {
            _bytes = new byte[MaxKeptBytes];
        }
    }

    private void Put(uint family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Reserve(1 + (3 * MaxVarintBytes) + key.Length + value.Length);
        BeginRecord(TagPut, family);
        WriteBytes(key);
        WriteBytes(value);
    }

    private void Delete(uint family, ReadOnlySpan<byte> key)
    {
        Reserve(1 + (2 * MaxVarintBytes) + key.Length);
        BeginRecord(TagDelete, family);
        WriteBytes(key);
    }

    private void DeleteRange(uint family, ReadOnlySpan<byte> begin, ReadOnlySpan<byte> end)
    {
        Reserve(1 + (3 * MaxVarintBytes) + begin.Length + end.Length);
        BeginRecord(TagDeleteRange, family);
        WriteBytes(begin);
        WriteBytes(end);
    }

    private void BeginRecord(byte tag, uint family)
    {
        _bytes[_length++] = tag;
        WriteVarint(family);
        _count++;
    }

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        WriteVarint((uint)bytes.Length);
        bytes.CopyTo(Take(bytes.Length));
    }

    private void WriteVarint(uint value)
    {
        while (value >= 0x80)
        {
            _bytes[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[_length++] = (byte)value;
    }

    private Span<byte> Take(int count)
    {
        var span = _bytes.AsSpan(_length, count);
        _length += count;
        return span;
    }

    private void Reserve(int count)
    {
        if (_length + count > _bytes.Length)
        {
            var doubled = Math.Min(2L * _bytes.Length, Array.MaxLength);
            Array.Resize(ref _bytes, checked((int)Math.Max(_length + (long)count, doubled)));
        }
    }
}
