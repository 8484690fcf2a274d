using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Siberite.Storage;

/// <summary>Tells a write-ahead log that a crash tore from one that a disk spoiled, before its replay.</summary>
/// <remarks>
/// RocksDB has two modes for this and neither will do. One refuses zeros at the end of a log, which is how some file
/// systems show pages they had made room for and not written when the power went: an ordinary accident would keep the
/// silo down. The other takes any damage for the end and drops acknowledged items behind it without a word. So it runs
/// in the second mode, and what must not be dropped is refused here.
/// <code>
/// log    = block*                     of 32 KiB, the last one shorter
/// block  = record* trailer            the trailer is less than a record's header
/// record = checksum:4 length:2 type:1 bytes        little-endian; CRC-32C of type and bytes, masked
/// </code>
/// </remarks>
internal static class LogCheck
{
    public const int BlockBytes = 32 << 10;
    public const int HeaderBytes = 7;

    private const int LengthOffset = 4;
    private const int TypeOffset = 6;
    private const int LastDataType = 4;
    private const int PageBytes = 4 << 10;
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>Refuses the first log in <paramref name="directory"/> that is damaged and not just torn.</summary>
    /// <exception cref="RocksException"/>
    public static void ThrowIfDamaged(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var log in Directory.EnumerateFiles(directory, "*.log").Order(StringComparer.Ordinal))
        {
            using var file = File.OpenHandle(log);
            if (FindDamage(file) is { } offset)
            {
                throw new RocksException($"{Path.GetFileName(log)} is damaged at byte {offset}, not just torn");
            }
        }
    }

    /// <returns>Where the log cannot be read although it should be, or <see langword="null"/>.</returns>
    public static long? FindDamage(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var buffer = new byte[BlockBytes];
        for (var start = 0L; start < length; start += BlockBytes)
        {
            var block = Read(file, buffer, start);
            var intact = SkipIntactRecords(block);
            if (intact < block.Length && BlockBytes - intact >= HeaderBytes)
            {
                return IsTorn(file, length, start, intact) ? null : start + intact;
            }
        }

        return null;
    }

    /// <remarks>A torn write has nothing whole behind it, and ends with the file or in a page of zeros.</remarks>
    private static bool IsTorn(SafeFileHandle file, long length, long blockStart, int damage)
    {
        var buffer = new byte[BlockBytes];
        var block = Read(file, buffer, blockStart);
        var reachesEnd = blockStart + damage + HeaderBytes > length
            || blockStart + damage + RecordBytes(block[damage..]) > length;

        for (var place = damage + 1; place < block.Length; place++)
        {
            // Only data records are looked for: they are what must not be dropped, and the check is quick to say no.
            var bytes = block[place..];
            if (bytes.Length >= HeaderBytes && bytes[TypeOffset] <= LastDataType && IsIntact(bytes))
            {
                return false;
            }
        }

        for (var start = blockStart + BlockBytes; start < length; start += BlockBytes)
        {
            if (IsIntact(Read(file, buffer, start)))
            {
                return false;
            }
        }

        // The last page may be the one that the last sync has left half full.
        var lastPage = Math.Max(blockStart + damage, (length - 1) / PageBytes * PageBytes);
        return reachesEnd || !Read(file, buffer, lastPage).ContainsAnyExcept((byte)0);
    }

    private static int SkipIntactRecords(ReadOnlySpan<byte> block)
    {
        var place = 0;
        while (IsIntact(block[place..]))
        {
            place += RecordBytes(block[place..]);
        }

        return place;
    }

    private static bool IsIntact(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || bytes[TypeOffset] == 0 || RecordBytes(bytes) > bytes.Length)
        {
            return false;
        }

        var crc = uint.MaxValue;
        var rest = bytes[TypeOffset..RecordBytes(bytes)];
        for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        }

        foreach (var b in rest)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) == BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    private static int RecordBytes(ReadOnlySpan<byte> header)
        => HeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(header[LengthOffset..]);

    private static ReadOnlySpan<byte> Read(SafeFileHandle file, byte[] buffer, long offset)
    {
        var filled = 0;
        int count;
        while ((count = RandomAccess.Read(file, buffer.AsSpan(filled), offset + filled)) > 0)
        {
            filled += count;
        }

        return buffer.AsSpan(0, filled);
    }
}
