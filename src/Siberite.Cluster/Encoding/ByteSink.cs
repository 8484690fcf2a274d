using System.Buffers.Binary;

namespace Siberite.Cluster;

/// <summary>Writes numbers and bytes one after the other into a buffer that is large enough.</summary>
internal ref struct ByteSink(Span<byte> buffer)
{
    /// <summary>Bytes of the longest number of variable length.</summary>
    public const int MaxNumberBytes = 10;

    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public void WriteByte(byte value) => _buffer[Length++] = value;

    /// <summary>Seven bits to a byte, the lowest first: small numbers are short.</summary>
    public void WriteNumber(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _buffer[Length++] = (byte)(value | 0x80);
        }

        _buffer[Length++] = (byte)value;
    }

    /// <summary>Eight bytes: for numbers drawn at random.</summary>
    public void WriteFixed(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer[Length..], value);
        Length += sizeof(long);
    }

    /// <summary>The length first.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        WriteNumber((ulong)bytes.Length);
        bytes.CopyTo(_buffer[Length..]);
        Length += bytes.Length;
    }
}

/// <summary>Reads what a <see cref="ByteSink"/> wrote. Every method throws <see cref="InvalidDataException"/> where the
/// bytes end too early or make no sense.</summary>
internal ref struct ByteSource(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether all was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte ReadByte() => Take(1)[0];

    public ulong ReadNumber()
    {
        var value = 0UL;
        for (var (shift, i) = (0, 0); i < _rest.Length && shift < 64; shift += 7, i++)
        {
            var next = _rest[i];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw Broken();
    }

    public long ReadFixed() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    public byte[] ReadBytes() => ReadSpan().ToArray();

    /// <summary>The same, not copied.</summary>
    public ReadOnlySpan<byte> ReadSpan() => Take(ReadNumber());

    /// <summary>How many things follow, each at least one byte.</summary>
    public int ReadCount()
    {
        var count = ReadNumber();
        return count <= (ulong)_rest.Length ? (int)count : throw Broken();
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            throw Broken();
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public static InvalidDataException Broken() => new("A call between silos is garbled, or of a newer version.");
}
