using System.Buffers.Binary;
using System.Text;

namespace Siberite.Storage;

/// <summary>The keys of the database, as FORMAT.md draws them. Integers are big-endian: keys sort by them.</summary>
internal static class StoreKeys
{
    public const int ItemBytes = 16;
    public const int QueueBytes = 9;
    public const int ReaderBytes = 13;

    public const byte CursorPrefix = (byte)'C';
    public const byte FormatPrefix = (byte)'F';
    public const byte QueuePrefix = (byte)'Q';
    public const byte ReaderPrefix = (byte)'R';
    public const byte StatePrefix = (byte)'S';

    public static ReadOnlySpan<byte> Format => [FormatPrefix];

    public static void WriteItem(Span<byte> key, long queueId, long sequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(key, queueId);
        BinaryPrimitives.WriteInt64BigEndian(key[8..], sequence);
    }

    public static (long QueueId, long Sequence) ReadItem(ReadOnlySpan<byte> key)
        => (BinaryPrimitives.ReadInt64BigEndian(key), BinaryPrimitives.ReadInt64BigEndian(key[8..]));

    public static void WriteQueue(Span<byte> key, long queueId)
    {
        key[0] = QueuePrefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
    }

    public static void WriteReader(Span<byte> key, long queueId, int reader)
        => WriteReader(key, ReaderPrefix, queueId, reader);

    public static void WriteCursor(Span<byte> key, long queueId, int reader)
        => WriteReader(key, CursorPrefix, queueId, reader);

    public static long ReadQueueId(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[1..]);

    public static int ReadReaderNumber(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt32BigEndian(key[9..]);

    public static byte[] State(string key) => [StatePrefix, .. Encoding.UTF8.GetBytes(key)];

    private static void WriteReader(Span<byte> key, byte prefix, long queueId, int reader)
    {
        key[0] = prefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
        BinaryPrimitives.WriteInt32BigEndian(key[9..], reader);
    }
}
