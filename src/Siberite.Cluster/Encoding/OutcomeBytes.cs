using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The bytes of a call's outcomes, as <see cref="CommandBytes"/> are those of its commands.</summary>
/// <remarks>A count, then each outcome: a byte of <see cref="Parts"/>, and what those name, in their order.</remarks>
internal static class OutcomeBytes
{
    private const int MaxFixedBytes = 4 + (4 * ByteSink.MaxNumberBytes);

    [Flags]
    private enum Parts : byte
    {
        None = 0,
        Append = 1,

        /// <summary>An item was taken, and follows.</summary>
        Taken = 1 << 1,

        /// <summary>Another end of a take.</summary>
        Take = 1 << 2,

        /// <summary>An item that comes with another end than its being taken.</summary>
        Item = 1 << 3,
        Error = 1 << 4,

        /// <summary>Stands for itself, and so does the next.</summary>
        IsDeferred = 1 << 5,
        IsOpen = 1 << 6,
    }

    private const Parts Known = (Parts)((1 << 7) - 1);

    /// <summary>The most bytes that <c>Write</c> may need.</summary>
    public static int MaxLength(QueueOutcome[] outcomes)
    {
        var length = (long)ByteSink.MaxNumberBytes;
        foreach (ref readonly var outcome in outcomes.AsSpan())
        {
            length += MaxFixedBytes + (outcome.Item.Payload?.Length ?? 0);
        }

        return checked((int)length);
    }

    /// <returns>Bytes written.</returns>
    public static int Write(QueueOutcome[] outcomes, Span<byte> buffer)
    {
        var sink = new ByteSink(buffer);
        sink.WriteNumber((ulong)outcomes.Length);
        foreach (ref readonly var outcome in outcomes.AsSpan())
        {
            Write(outcome, ref sink);
        }

        return sink.Length;
    }

    /// <exception cref="InvalidDataException">They are not what <c>Write</c> writes.</exception>
    public static QueueOutcome[] Read(ReadOnlySpan<byte> bytes)
    {
        var source = new ByteSource(bytes);
        var outcomes = new QueueOutcome[source.ReadCount()];
        foreach (ref var outcome in outcomes.AsSpan())
        {
            outcome = Read(ref source);
        }

        return source.IsAtEnd ? outcomes : throw ByteSource.Broken();
    }

    private static void Write(in QueueOutcome outcome, ref ByteSink sink)
    {
        var parts = PartsOf(outcome);
        sink.WriteByte((byte)parts);
        if ((parts & Parts.Append) != 0)
        {
            sink.WriteByte((byte)outcome.Append);
        }

        if ((parts & Parts.Take) != 0)
        {
            sink.WriteByte((byte)outcome.Take);
        }

        if ((parts & Parts.Error) != 0)
        {
            sink.WriteNumber((ulong)outcome.Error.GetValueOrDefault());
        }

        if ((parts & (Parts.Taken | Parts.Item)) != 0)
        {
            sink.WriteNumber((ulong)outcome.Item.Sequence);
            sink.WriteNumber(outcome.Item.Flags);
            sink.WriteBytes(outcome.Item.Payload);
        }
    }

    private static Parts PartsOf(in QueueOutcome outcome)
    {
        var hasItem = outcome.Item.Payload is not null;
        var isTaken = hasItem && outcome.Take == TakeStatus.Taken;
        return (outcome.Append != default ? Parts.Append : 0)
            | (isTaken ? Parts.Taken : 0)
            | (!isTaken && outcome.Take != default ? Parts.Take : 0)
            | (!isTaken && hasItem ? Parts.Item : 0)
            | (outcome.Error is not null ? Parts.Error : 0)
            | (outcome.IsDeferred ? Parts.IsDeferred : 0)
            | (outcome.IsOpen ? Parts.IsOpen : 0);
    }

    private static QueueOutcome Read(ref ByteSource source)
    {
        var parts = (Parts)source.ReadByte();
        if ((parts & ~Known) != 0)
        {
            throw ByteSource.Broken();
        }

        var append = (parts & Parts.Append) != 0 ? (AppendStatus)source.ReadByte() : default;
        var take = (parts & Parts.Taken) != 0 ? TakeStatus.Taken
            : (parts & Parts.Take) != 0 ? (TakeStatus)source.ReadByte()
            : default;
        SiberiteError? error = (parts & Parts.Error) != 0 ? (SiberiteError)source.ReadNumber() : null;
        Item item = default;
        if ((parts & (Parts.Taken | Parts.Item)) != 0)
        {
            var sequence = (long)source.ReadNumber();
            var flags = (uint)source.ReadNumber();
            item = new Item(sequence, source.ReadBytes(), flags);
        }

        return new QueueOutcome(append, take, item, error, (parts & Parts.IsDeferred) != 0)
        {
            IsOpen = (parts & Parts.IsOpen) != 0,
        };
    }
}
