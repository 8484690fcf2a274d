using System.Buffers.Binary;
using System.Text;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>The keys of the database, as FORMAT.md draws them. Integers are big-endian: keys sort by them.</summary>
internal static class StoreKeys
{
    public const int ItemBytes = 16;
    public const int QueueBytes = 9;
    public const int ReaderBytes = 13;
    public const int DelayedBytes = 24;
    public const int DelayedStateBytes = 9;
    public const int IdOrderBytes = 17;
    public const int ShareBytes = 17;
    public const int DeliveriesBytes = 21;
    public const int DeliveriesValueBytes = sizeof(int);

    public const byte CursorPrefix = (byte)'C';
    public const byte FormatPrefix = (byte)'F';
    public const byte QueuePrefix = (byte)'Q';
    public const byte ReaderPrefix = (byte)'R';
    public const byte StatePrefix = (byte)'S';
    public const byte DelayedStatePrefix = (byte)'W';
    public const byte IdPrefix = (byte)'I';
    public const byte IdOrderPrefix = (byte)'J';
    public const byte SharePrefix = (byte)'P';
    public const byte DeliveriesPrefix = (byte)'D';

    /// <summary>Set in the queue's id in keys of delayed items: they stand behind all items of all queues.</summary>
    private const long DelayedBit = long.MinValue;

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

    public static void WriteDelayed(Span<byte> key, long queueId, DelayedKey delayed)
    {
        BinaryPrimitives.WriteInt64BigEndian(key, queueId | DelayedBit);
        BinaryPrimitives.WriteInt64BigEndian(key[8..], delayed.DueAt);
        BinaryPrimitives.WriteInt64BigEndian(key[16..], delayed.Number);
    }

    public static DelayedKey ReadDelayed(ReadOnlySpan<byte> key)
        => new(BinaryPrimitives.ReadInt64BigEndian(key[8..]), BinaryPrimitives.ReadInt64BigEndian(key[16..]));

    public static void WriteDelayedState(Span<byte> key, long queueId)
    {
        key[0] = DelayedStatePrefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
    }

    public static void WriteIdOrder(Span<byte> key, long queueId, long ordinal)
    {
        key[0] = IdOrderPrefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
        BinaryPrimitives.WriteInt64BigEndian(key[9..], ordinal);
    }

    public static void WriteShare(Span<byte> key, long queueId, long file)
    {
        key[0] = SharePrefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
        BinaryPrimitives.WriteInt64BigEndian(key[9..], file);
    }

    public static long ReadShareFile(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[9..]);

    public static void WriteDeliveries(Span<byte> key, long queueId, int reader, long sequence)
    {
        key[0] = DeliveriesPrefix;
        BinaryPrimitives.WriteInt64BigEndian(key[1..], queueId);
        BinaryPrimitives.WriteInt32BigEndian(key[9..], reader);
        BinaryPrimitives.WriteInt64BigEndian(key[13..], sequence);
    }

    public static long ReadDeliveriesSequence(ReadOnlySpan<byte> key)
        => BinaryPrimitives.ReadInt64BigEndian(key[13..]);

    public static long ReadIdOrdinal(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[9..]);

    /// <remarks>An id has no fixed length and no end mark: nothing else stands under the prefix and the queue.
    /// </remarks>
    public static byte[] Id(long queueId, ReadOnlySpan<byte> id)
    {
        var key = new byte[9 + id.Length];
        key[0] = IdPrefix;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), queueId);
        id.CopyTo(key.AsSpan(9));
        return key;
    }

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
