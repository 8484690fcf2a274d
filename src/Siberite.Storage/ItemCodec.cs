using System.Buffers.Binary;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>The bytes of an item's key and value.</summary>
/// <remarks>
/// FORMAT.md has the same tables; a test compares them. Keys are big-endian, so that their order is the order of
/// sequences; everything else is little-endian.
/// <code>
/// value
/// offset size field
///      0    1 version       1
///      1    1 headerBytes   32; where the payload begins, so that the header can grow
///      2    2 deliveries
///      4    4 flags
///      8    8 enqueuedAt    Unix milliseconds
///     16    8 expiresAt     Unix milliseconds; 0 = never
///     24    8 appendedBytes payload bytes of the queue up to and including this item
/// </code></remarks>
internal static class ItemCodec
{
    public const int KeyBytes = 16;
    public const int HeaderBytes = 32;
    public const byte Version = 1;

    public static void WriteKey(Span<byte> target, long queueId, long sequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(target, queueId);
        BinaryPrimitives.WriteInt64BigEndian(target[8..], sequence);
    }

    public static byte[] Key(long queueId, long sequence)
    {
        var key = new byte[KeyBytes];
        WriteKey(key, queueId, sequence);
        return key;
    }

    public static long QueueOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key);

    public static long SequenceOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[8..]);

    public static void WriteHeader(Span<byte> target, in ItemHeader header)
    {
        target[0] = Version;
        target[1] = HeaderBytes;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], header.Deliveries);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], header.Flags);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], header.EnqueuedAt);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], header.ExpiresAt);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], header.AppendedBytes);
    }

    /// <summary>Reads an item; these bytes come from a disk and are checked.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public static ItemHeader ReadHeader(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out int payloadOffset)
    {
        if (key.Length != KeyBytes || value.Length < HeaderBytes || value[0] != Version
            || value[1] < HeaderBytes || value[1] > value.Length)
        {
            throw new SiberiteException(
                SiberiteError.ItemUnreadable, "A stored item has a header of another shape.", inner: null);
        }

        payloadOffset = value[1];
        return new ItemHeader(
            SequenceOf(key),
            BinaryPrimitives.ReadUInt32LittleEndian(value[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[24..]),
            BinaryPrimitives.ReadUInt16LittleEndian(value[2..]));
    }
}
