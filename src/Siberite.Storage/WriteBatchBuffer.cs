using System.Buffers;
using System.Buffers.Binary;

namespace Siberite.Storage;

/// <summary>Builds RocksDB's own serialized form of a write batch, in one buffer that is reused.</summary>
/// <remarks>
/// Building it here makes a commit cost one native call for any number of items. The form is part of RocksDB's
/// write-ahead log and as stable as that:
/// <code>
/// batch   = sequence:8 zero bytes, filled in by RocksDB / count:4 little-endian / count * record
/// record  = tag:1 [cf:varint32] key [value]       cf only where the tag's name says ColumnFamily
/// key     = length:varint32 bytes
/// value   = length:varint32 bytes                 of a range deletion: the first key not deleted
/// </code>
/// Not thread-safe.
/// </remarks>
internal sealed class WriteBatchBuffer
{
    public const int HeaderBytes = 12;

    /// <summary>A larger buffer is given back after use, so that one burst does not pin its memory for ever.</summary>
    public const int KeptBytes = 1 << 20;

    private const int CountOffset = 8;
    private const int InitialBytes = 4 << 10;
    private const int MaxVarint32Bytes = 5;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _length;

    public WriteBatchBuffer()
    {
        Clear();
    }

    private enum Tag : byte
    {
        Deletion = 0x0,
        Value = 0x1,
        ColumnFamilyDeletion = 0x4,
        ColumnFamilyValue = 0x5,
        ColumnFamilyRangeDeletion = 0xE,
        RangeDeletion = 0xF,
    }

    public int Length => _length;

    public int CapacityBytes => _buffer.Length;

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Puts a key of the default column family.</summary>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Begin(Tag.Value, columnFamily: null, key.Length + value.Length);
        Append(key);
        Append(value);
    }

    /// <summary>Puts a key whose value the caller fills in.</summary>
    /// <returns>The value's bytes, uninitialized, to be filled before the next call.</returns>
    public Span<byte> Put(uint columnFamily, ReadOnlySpan<byte> key, int valueBytes)
    {
        Begin(Tag.ColumnFamilyValue, columnFamily, checked(key.Length + valueBytes));
        Append(key);
        AppendVarint((uint)valueBytes);
        var value = _buffer.AsSpan(_length, valueBytes);
        _length += valueBytes;
        return value;
    }

    /// <summary>Deletes a key of the default column family.</summary>
    public void Delete(ReadOnlySpan<byte> key)
    {
        Begin(Tag.Deletion, columnFamily: null, key.Length);
        Append(key);
    }

    /// <summary>Deletes a key.</summary>
    public void Delete(uint columnFamily, ReadOnlySpan<byte> key)
    {
        Begin(Tag.ColumnFamilyDeletion, columnFamily, key.Length);
        Append(key);
    }

    /// <summary>Deletes keys of the default column family.</summary>
    public void DeleteRange(ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        Begin(Tag.RangeDeletion, columnFamily: null, first.Length + limit.Length);
        Append(first);
        Append(limit);
    }

    /// <summary>Deletes keys.</summary>
    public void DeleteRange(uint columnFamily, ReadOnlySpan<byte> first, ReadOnlySpan<byte> limit)
    {
        Begin(Tag.ColumnFamilyRangeDeletion, columnFamily, first.Length + limit.Length);
        Append(first);
        Append(limit);
    }

    public void Clear()
    {
        if (_buffer.Length > KeptBytes)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
        }

        Count = 0;
        _length = HeaderBytes;
        _buffer.AsSpan(0, HeaderBytes).Clear();
    }

    private void Begin(Tag tag, uint? columnFamily, int contentBytes)
    {
        EnsureRoom(checked(1 + (3 * MaxVarint32Bytes) + contentBytes));
        _buffer[_length++] = (byte)tag;
        if (columnFamily is { } id)
        {
            AppendVarint(id);
        }

        Count++;
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(CountOffset), Count);
    }

    private void EnsureRoom(int bytes)
    {
        var needed = checked(_length + bytes);
        if (needed <= _buffer.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _buffer.Length)));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        AppendVarint((uint)bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void AppendVarint(uint value)
    {
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }
}
