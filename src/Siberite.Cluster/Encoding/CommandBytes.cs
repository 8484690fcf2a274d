using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The bytes of a call's commands. A pipeline through another silo is mostly the writing and reading of
/// these, so each says what it has and no more.</summary>
/// <remarks>
/// A count, then each command: its kind, its <see cref="Parts"/>, and what those name, in their order. A session
/// of the same gateway as the one before is its number alone. A silo refuses parts and kinds that it does not know:
/// what comes after them would be read as something else.
/// </remarks>
internal static class CommandBytes
{
    private const int MaxFixedBytes = 3 + (9 * ByteSink.MaxNumberBytes) + sizeof(long) + CursorName.MaxBytes;

    [Flags]
    private enum Parts : ushort
    {
        None = 0,

        /// <summary>The gateway of the session: eight bytes.</summary>
        Gateway = 1,
        Sequence = 1 << 1,
        Payload = 1 << 2,
        Flags = 1 << 3,
        ExpiresAt = 1 << 4,

        /// <summary>Stands for itself.</summary>
        MustSync = 1 << 5,
        Mode = 1 << 6,
        Delay = 1 << 7,
        ItemId = 1 << 8,
        Lease = 1 << 9,
        Cursor = 1 << 10,

        /// <summary>A count, then of each the distance to the one before it.</summary>
        Sequences = 1 << 11,
    }

    private const Parts Known = (Parts)((1 << 12) - 1);

    /// <summary>The most bytes that <c>Write</c> may need.</summary>
    public static int MaxLength(QueueCommand[] commands)
    {
        var length = (long)ByteSink.MaxNumberBytes;
        foreach (ref readonly var command in commands.AsSpan())
        {
            length += MaxFixedBytes + (command.Payload?.Length ?? 0) + (command.ItemId?.Length ?? 0)
                + ((1 + (command.Sequences?.Length ?? 0)) * (long)ByteSink.MaxNumberBytes);
        }

        return checked((int)length);
    }

    /// <returns>Bytes written.</returns>
    public static int Write(QueueCommand[] commands, Span<byte> buffer)
    {
        var sink = new ByteSink(buffer);
        sink.WriteNumber((ulong)commands.Length);
        var gateway = 0L;
        foreach (ref readonly var command in commands.AsSpan())
        {
            Write(command, ref gateway, ref sink);
        }

        return sink.Length;
    }

    /// <exception cref="InvalidDataException">They are not what <c>Write</c> writes.</exception>
    public static QueueCommand[] Read(ReadOnlySpan<byte> bytes)
    {
        var source = new ByteSource(bytes);
        var commands = new QueueCommand[source.ReadCount()];
        var gateway = 0L;
        CursorName? cursor = null;
        foreach (ref var command in commands.AsSpan())
        {
            command = Read(ref gateway, ref cursor, ref source);
        }

        return source.IsAtEnd ? commands : throw ByteSource.Broken();
    }

    private static void Write(in QueueCommand command, ref long gateway, ref ByteSink sink)
    {
        var parts = PartsOf(command, gateway);
        sink.WriteByte((byte)command.Kind);
        sink.WriteNumber((ulong)parts);
        if ((parts & Parts.Gateway) != 0)
        {
            gateway = command.Session.Gateway;
            sink.WriteFixed(gateway);
        }

        sink.WriteNumber((ulong)command.Session.Number);
        WriteNumber(parts & Parts.Sequence, command.Sequence, ref sink);
        if ((parts & Parts.Payload) != 0)
        {
            sink.WriteBytes(command.Payload);
        }

        WriteNumber(parts & Parts.Flags, command.Flags, ref sink);
        WriteNumber(parts & Parts.ExpiresAt, command.ExpiresAt, ref sink);
        WriteNumber(parts & Parts.Mode, (long)command.Mode, ref sink);
        WriteNumber(parts & Parts.Delay, command.Delay.GetValueOrDefault().Ticks, ref sink);
        if ((parts & Parts.ItemId) != 0)
        {
            sink.WriteBytes(command.ItemId);
        }

        WriteNumber(parts & Parts.Lease, command.Lease.Ticks, ref sink);
        if ((parts & Parts.Cursor) != 0)
        {
            sink.WriteBytes(command.Cursor!.Utf8.Span);
        }

        if ((parts & Parts.Sequences) != 0)
        {
            Write(command.Sequences!, ref sink);
        }
    }

    /// <remarks>Items that were taken together most often stand in a row: a byte for each.</remarks>
    private static void Write(long[] sequences, ref ByteSink sink)
    {
        sink.WriteNumber((ulong)sequences.Length);
        var last = 0L;
        foreach (var sequence in sequences)
        {
            sink.WriteNumber((ulong)(sequence - last));
            last = sequence;
        }
    }

    private static Parts PartsOf(in QueueCommand command, long gateway)
        => (command.Session.Gateway != gateway ? Parts.Gateway : 0)
            | (command.Sequence != 0 ? Parts.Sequence : 0)
            | (command.Payload is not null ? Parts.Payload : 0)
            | (command.Flags != 0 ? Parts.Flags : 0)
            | (command.ExpiresAt != 0 ? Parts.ExpiresAt : 0)
            | (command.MustSync ? Parts.MustSync : 0)
            | (command.Mode != default ? Parts.Mode : 0)
            | (command.Delay is not null ? Parts.Delay : 0)
            | (command.ItemId is not null ? Parts.ItemId : 0)
            | (command.Lease != default ? Parts.Lease : 0)
            | (command.Cursor is not null ? Parts.Cursor : 0)
            | (command.Sequences is not null ? Parts.Sequences : 0);

    private static void WriteNumber(Parts part, long value, ref ByteSink sink)
    {
        if (part != 0)
        {
            sink.WriteNumber((ulong)value);
        }
    }

    private static QueueCommand Read(ref long gateway, ref CursorName? cursor, ref ByteSource source)
    {
        var kind = (QueueCommandKind)source.ReadByte();
        var parts = (Parts)source.ReadNumber();
        if ((parts & ~Known) != 0)
        {
            throw ByteSource.Broken();
        }

        if ((parts & Parts.Gateway) != 0)
        {
            gateway = source.ReadFixed();
        }

        var session = new SessionId(gateway, (long)source.ReadNumber());
        var sequence = ReadNumber(parts & Parts.Sequence, ref source);
        var payload = (parts & Parts.Payload) != 0 ? source.ReadBytes() : null;
        var flags = (uint)ReadNumber(parts & Parts.Flags, ref source);
        var expiresAt = ReadNumber(parts & Parts.ExpiresAt, ref source);
        var mode = (TakeMode)ReadNumber(parts & Parts.Mode, ref source);
        var command = new QueueCommand(
            kind, session, payload, flags, expiresAt, (parts & Parts.MustSync) != 0, mode, sequence);
        return (parts & (Parts.Delay | Parts.ItemId | Parts.Lease | Parts.Cursor | Parts.Sequences)) == 0
            ? command
            : ReadRare(command, parts, ref cursor, ref source);
    }

    private static QueueCommand ReadRare(
        in QueueCommand command, Parts parts, ref CursorName? cursor, ref ByteSource source)
        => command with
        {
            Delay = (parts & Parts.Delay) != 0 ? new TimeSpan((long)source.ReadNumber()) : null,
            ItemId = (parts & Parts.ItemId) != 0 ? source.ReadBytes() : null,
            Lease = new TimeSpan(ReadNumber(parts & Parts.Lease, ref source)),
            Cursor = (parts & Parts.Cursor) != 0 ? ReadCursor(ref cursor, ref source) : null,
            Sequences = (parts & Parts.Sequences) != 0 ? ReadSequences(ref source) : null,
        };

    private static long[] ReadSequences(ref ByteSource source)
    {
        var sequences = new long[source.ReadCount()];
        var last = 0L;
        foreach (ref var sequence in sequences.AsSpan())
        {
            sequence = last += (long)source.ReadNumber();
        }

        return sequences;
    }

    /// <summary>Most often the one of the command before: then it is the same object.</summary>
    private static CursorName ReadCursor(ref CursorName? last, ref ByteSource source)
    {
        var name = source.ReadSpan();
        if (last is null || !last.Utf8.Span.SequenceEqual(name))
        {
            last = CursorName.TryParse(name, out var read) ? read : throw ByteSource.Broken();
        }

        return last;
    }

    private static long ReadNumber(Parts part, ref ByteSource source) => part != 0 ? (long)source.ReadNumber() : 0;
}
