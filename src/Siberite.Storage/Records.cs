using System.Buffers.Binary;
using System.Text;
using MemoryPack;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage;

/// <summary>A queue's own record, as stored. Version-tolerant: members may be added, never changed or reused.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredQueueRecord
{
    [MemoryPackOrder(0)]
    public string Name { get; set; } = "";

    [MemoryPackOrder(1)]
    public long CreatedAt { get; set; }
}

/// <summary>A reader's place, as stored. Version-tolerant.</summary>
[MemoryPackable(GenerateType.VersionTolerant)]
internal sealed partial class StoredReaderRecord
{
    [MemoryPackOrder(0)]
    public long Position { get; set; }

    [MemoryPackOrder(1)]
    public long ClosedBytes { get; set; }

    [MemoryPackOrder(2)]
    public long[] Closed { get; set; } = [];
}

/// <summary>Keys of the metadata column family: a letter, then numbers big-endian or text.</summary>
internal static class MetadataKey
{
    public const byte QueuePrefix = (byte)'q';
    public const byte ReaderPrefix = (byte)'r';
    public const byte StatePrefix = (byte)'s';

    public static byte[] Queue(long queueId)
    {
        var key = new byte[1 + sizeof(long)];
        key[0] = QueuePrefix;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), queueId);
        return key;
    }

    public static byte[] Reader(long queueId, int reader)
    {
        var key = new byte[1 + sizeof(long) + sizeof(int)];
        key[0] = ReaderPrefix;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), queueId);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1 + sizeof(long)), reader);
        return key;
    }

    public static byte[] State(string key) => [StatePrefix, .. Encoding.UTF8.GetBytes(key)];

    public static long QueueOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[1..]);

    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public static T Read<T>(ReadOnlySpan<byte> value)
        where T : class
    {
        try
        {
            if (MemoryPackSerializer.Deserialize<T>(value) is { } record)
            {
                return record;
            }
        }
        catch (MemoryPackSerializationException e)
        {
            throw Unreadable(e);
        }

        throw Unreadable(inner: null);
    }

    /// <summary>Checks what the engine takes for granted: ranges come in pairs, ordered, above the position.</summary>
    public static ReaderState ToState(StoredReaderRecord record)
    {
        var last = record.Position;
        foreach (var bound in record.Closed)
        {
            if (bound <= last && bound != record.Position)
            {
                throw Unreadable(inner: null);
            }

            last = bound;
        }

        return record.Position >= 1 && record.Closed.Length % 2 == 0
            ? new ReaderState(record.Position, record.ClosedBytes, record.Closed)
            : throw Unreadable(inner: null);
    }

    private static SiberiteException Unreadable(Exception? inner)
        => new(SiberiteError.ItemUnreadable, "A stored record cannot be understood.", inner);
}
