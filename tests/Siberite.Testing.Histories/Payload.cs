using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Siberite.Testing.Histories;

/// <summary>The bytes of an item: <c>producer|number|queue|crc|pad</c>, all of it decided by who the item is, where it
/// goes and how long it is. An item too short for its header is pad alone and told by its flags.</summary>
internal static class Payload
{
    public static byte[] Of(ItemId id, string queue, int sizeBytes)
    {
        var bytes = new byte[sizeBytes];
        var headBytes = HeadBytes(id, queue);
        var head = headBytes <= sizeBytes ? headBytes : 0;
        FillPad(bytes.AsSpan(head), id);
        if (head > 0)
        {
            var crc = Crc(bytes.AsSpan(head));
            var text = string.Create(CultureInfo.InvariantCulture, $"{id.Producer}|{id.Number}|{queue}|{crc:x8}|");
            Encoding.ASCII.GetBytes(text, bytes);
        }

        return bytes;
    }

    /// <summary>Says what is wrong with delivered bytes; <see langword="null"/> when nothing is.</summary>
    public static string? DefectOf(ReadOnlySpan<byte> delivered, ItemId id, string queue, int sizeBytes)
    {
        if (delivered.Length != sizeBytes)
        {
            return $"{delivered.Length} bytes instead of {sizeBytes}: {Describe(delivered)}";
        }

        var expected = Of(id, queue, sizeBytes);
        var same = delivered.CommonPrefixLength(expected);
        return same == sizeBytes ? null : $"differs from byte {same} of {sizeBytes} on: {Describe(delivered)}";
    }

    /// <summary>Lets the bytes speak for themselves, for a failure's text.</summary>
    public static string Describe(ReadOnlySpan<byte> delivered)
    {
        var shown = delivered[..Math.Min(delivered.Length, 80)];
        var text = Encoding.Latin1.GetString(shown);
        var words = text.Split('|', 5);
        if (words.Length < 5)
        {
            return delivered.Length == 0 ? "no bytes" : $"no header, 0x{Convert.ToHexString(shown)}";
        }

        var padStart = words[..4].Sum(static word => word.Length + 1);
        var crc = Crc(delivered[padStart..]).ToString("x8", CultureInfo.InvariantCulture);
        var verdict = crc == words[3] ? "sound" : "broken";
        return $"says it is p{words[0]}#{words[1]} of {words[2]}, check sum {verdict}";
    }

    private static int HeadBytes(ItemId id, string queue)
        => string.Create(CultureInfo.InvariantCulture, $"{id.Producer}|{id.Number}|{queue}|00000000|").Length;

    private static void FillPad(Span<byte> pad, ItemId id)
    {
        var state = (ulong)id.Flags * 0x9E37_79B9_7F4A_7C15;
        while (pad.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(pad, Next(ref state));
            pad = pad[sizeof(ulong)..];
        }

        var last = Next(ref state);
        for (var i = 0; i < pad.Length; i++)
        {
            pad[i] = (byte)(last >> (8 * i));
        }
    }

    private static ulong Next(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        var mixed = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        return mixed ^ (mixed >> 27);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = ~0u;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
