using System.Text;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>How far a move is, as one of its two stores has it on disk. Numbers are stored: append only.</summary>
public enum MoveStage : byte
{
    /// <summary>Source: the queue lives at the target now, and this copy is never served again.</summary>
    Departed = 1,

    /// <summary>Target: items come in, and the queue may yet go back on its word. A restart drops them.</summary>
    Arriving = 2,

    /// <summary>Target: everything is here, on disk. Whether it counts is for the source to say.</summary>
    Arrived = 3,

    /// <summary>Target: the queue is served here. Remembered until the source knows.</summary>
    Adopted = 4,
}

/// <summary>A queue's move between two stores.</summary>
/// <param name="Id">Names it on both sides.</param>
/// <param name="Stage">How far it is, here.</param>
/// <param name="Name">The queue.</param>
/// <param name="Other">The store at the other end.</param>
/// <param name="QueueId">The queue's id here.</param>
/// <param name="CreatedAt">When the queue was made, in Unix milliseconds.</param>
/// <param name="End">What <see cref="MoveStage.Arrived"/> has to know; else nothing.</param>
public sealed record QueueMove(
    Guid Id, MoveStage Stage, string Name, StoreId Other, long QueueId, long CreatedAt, MoveEnd End);

/// <summary>The list of moves as it is stored.</summary>
/// <remarks><code>
/// version        byte, 2
/// count          int, then for each move
///   id           16 bytes
///   stage        byte
///   name         string
///   other store  16 bytes
///   queue id, created at, tail, appended bytes, position, closed bytes   long each
///   bounds       int, then that many longs: the closed ranges
///   cursors      int, then for each of them, from version 2 on
///     number     int
///     name       string
///     created at, position, closed bytes   long each
///     bounds     as above
/// </code>Little endian; strings as .NET's BinaryWriter has them.</remarks>
internal static class MoveList
{
    private const byte Version = 2;

    private const int IdBytes = 16;

    public static byte[]? Write(IReadOnlyCollection<QueueMove> moves)
    {
        if (moves.Count == 0)
        {
            return null;
        }

        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(moves.Count);
        foreach (var move in moves)
        {
            Write(writer, move);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <exception cref="SiberiteException"><see cref="SiberiteError.ItemUnreadable"/>.</exception>
    public static List<QueueMove> Read(byte[]? stored)
    {
        if (stored is null)
        {
            return [];
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(stored), Encoding.UTF8);
            var version = reader.ReadByte();
            if (version is < 1 or > Version)
            {
                throw Unreadable(inner: null);
            }

            var moves = new List<QueueMove>();
            for (var left = reader.ReadInt32(); left > 0; left--)
            {
                moves.Add(ReadOne(reader, version));
            }

            return moves;
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            throw Unreadable(e);
        }
    }

    private static void Write(BinaryWriter writer, QueueMove move)
    {
        writer.Write(move.Id.ToByteArray());
        writer.Write((byte)move.Stage);
        writer.Write(move.Name);
        writer.Write(move.Other.Value.ToByteArray());
        writer.Write(move.QueueId);
        writer.Write(move.CreatedAt);
        writer.Write(move.End.Tail);
        writer.Write(move.End.AppendedBytes);
        Write(writer, move.End.Reader);
        writer.Write(move.End.Cursors.Count);
        foreach (var cursor in move.End.Cursors)
        {
            writer.Write(cursor.Number);
            writer.Write(cursor.Record.Name);
            writer.Write(cursor.Record.CreatedAt);
            Write(writer, cursor.State);
        }
    }

    private static void Write(BinaryWriter writer, in ReaderState state)
    {
        writer.Write(state.Position);
        writer.Write(state.ClosedBytes);
        writer.Write(state.Closed.Length);
        foreach (var bound in state.Closed.Span)
        {
            writer.Write(bound);
        }
    }

    private static QueueMove ReadOne(BinaryReader reader, byte version)
    {
        var id = new Guid(reader.ReadBytes(IdBytes));
        var stage = (MoveStage)reader.ReadByte();
        var name = reader.ReadString();
        var other = new StoreId(new Guid(reader.ReadBytes(IdBytes)));
        var (queueId, createdAt) = (reader.ReadInt64(), reader.ReadInt64());
        var (tail, appendedBytes) = (reader.ReadInt64(), reader.ReadInt64());
        var place = ReadState(reader);
        if (!Enum.IsDefined(stage) || !QueueName.IsLegal(Encoding.UTF8.GetBytes(name)))
        {
            throw Unreadable(inner: null);
        }

        var end = new MoveEnd(place, tail, appendedBytes)
        {
            Cursors = version == 1 ? [] : ReadCursors(reader),
        };
        return new QueueMove(id, stage, name, other, queueId, createdAt, end);
    }

    private static List<StoredCursor> ReadCursors(BinaryReader reader)
    {
        var cursors = new List<StoredCursor>();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var number = reader.ReadInt32();
            var record = new CursorRecord(reader.ReadString(), reader.ReadInt64());
            cursors.Add(new StoredCursor(number, record, ReadState(reader)));
        }

        return cursors;
    }

    private static ReaderState ReadState(BinaryReader reader)
    {
        var (position, closedBytes) = (reader.ReadInt64(), reader.ReadInt64());
        var boundCount = reader.ReadInt32();
        if (boundCount < 0 || boundCount > (reader.BaseStream.Length - reader.BaseStream.Position) / sizeof(long))
        {
            throw Unreadable(inner: null);
        }

        var closed = new long[boundCount];
        for (var i = 0; i < boundCount; i++)
        {
            closed[i] = reader.ReadInt64();
        }

        return new ReaderState(position, closedBytes, closed);
    }

    private static SiberiteException Unreadable(Exception? inner)
        => new(SiberiteError.ItemUnreadable, "The list of moves cannot be understood.", inner);
}
