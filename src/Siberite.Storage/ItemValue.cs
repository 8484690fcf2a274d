using System.Buffers.Binary;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>An item's value: a header of 32 bytes, and the payload or its place in a payload file. The layout is a
/// table in FORMAT.md.</summary>
/// <remarks>Bytes from a disk are input: what is read is checked, also in Release.</remarks>
internal static class ItemValue
{
    public const byte Version = 1;

    /// <summary>Of an item whose payload is in a payload file: a place follows the header.</summary>
    public const byte LargeVersion = 2;
    public const byte HeaderBytes = 32;

    public const int VersionOffset = 0;
    public const int HeaderBytesOffset = 1;
    public const int DeliveriesOffset = 2;
    public const int FlagsOffset = 4;
    public const int EnqueuedAtOffset = 8;
    public const int ExpiresAtOffset = 16;
    public const int AppendedBytesOffset = 24;

    public const int PlaceBytes = 28;
    public const int PlaceFileOffset = 0;
    public const int PlaceOffsetOffset = 8;
    public const int PlaceLengthOffset = 16;
    public const int PlaceChecksumOffset = 20;

    public static void WriteHeader(Span<byte> value, in ItemHeader header, byte version = Version)
    {
        value[VersionOffset] = version;
        value[HeaderBytesOffset] = HeaderBytes;
        BinaryPrimitives.WriteUInt16LittleEndian(value[DeliveriesOffset..], header.Deliveries);
        BinaryPrimitives.WriteUInt32LittleEndian(value[FlagsOffset..], header.Flags);
        BinaryPrimitives.WriteInt64LittleEndian(value[EnqueuedAtOffset..], header.EnqueuedAt);
        BinaryPrimitives.WriteInt64LittleEndian(value[ExpiresAtOffset..], header.ExpiresAt);
        BinaryPrimitives.WriteInt64LittleEndian(value[AppendedBytesOffset..], header.AppendedBytes);
    }

    /// <remarks><paramref name="payload"/> points into <paramref name="value"/>. A longer header of the same version is
    /// passed over: a later server may add fields there.</remarks>
    public static bool TryRead(
        ReadOnlySpan<byte> value, long sequence, out ItemHeader header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        if (value.Length < HeaderBytes || value[VersionOffset] is not (Version or LargeVersion))
        {
            return false;
        }

        int headerBytes = value[HeaderBytesOffset];
        if (headerBytes < HeaderBytes || headerBytes > value.Length)
        {
            return false;
        }

        header = new ItemHeader(
            sequence,
            BinaryPrimitives.ReadUInt32LittleEndian(value[FlagsOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[EnqueuedAtOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[ExpiresAtOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[AppendedBytesOffset..]),
            BinaryPrimitives.ReadUInt16LittleEndian(value[DeliveriesOffset..]));
        payload = value[headerBytes..];
        return value[VersionOffset] == Version || payload.Length >= PlaceBytes;
    }

    /// <summary>Whether what follows the header is the place of a large payload.</summary>
    public static bool IsLarge(ReadOnlySpan<byte> value) => value[VersionOffset] == LargeVersion;

    public static void WritePlace(Span<byte> place, long file, long offset, int length, ulong checksum)
    {
        BinaryPrimitives.WriteInt64LittleEndian(place[PlaceFileOffset..], file);
        BinaryPrimitives.WriteInt64LittleEndian(place[PlaceOffsetOffset..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(place[PlaceLengthOffset..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(place[PlaceChecksumOffset..], checksum);
    }

    public static (long File, long Offset, int Length, ulong Checksum) ReadPlace(ReadOnlySpan<byte> place)
        => (BinaryPrimitives.ReadInt64LittleEndian(place[PlaceFileOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(place[PlaceOffsetOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(place[PlaceLengthOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(place[PlaceChecksumOffset..]));
}
