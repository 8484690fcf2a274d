using System.Buffers;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Has Orleans write the commands of a call as <see cref="CommandBytes"/> has them.</summary>
[RegisterSerializer]
internal sealed class QueueCommandsCodec : IFieldCodec<QueueCommands>
{
    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(
        ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, QueueCommands value)
        where TBufferWriter : IBufferWriter<byte>
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CommandBytes.MaxLength(value.Items));
        var length = CommandBytes.Write(value.Items, buffer);
        FieldBytes.Write(ref writer, fieldIdDelta, expectedType, typeof(QueueCommands), buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <inheritdoc/>
    public QueueCommands ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        var buffer = FieldBytes.Read(ref reader, field, out var length);
        var commands = CommandBytes.Read(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return new QueueCommands(commands);
    }
}

/// <summary>Has Orleans write the outcomes of a call as <see cref="OutcomeBytes"/> has them.</summary>
[RegisterSerializer]
internal sealed class QueueOutcomesCodec : IFieldCodec<QueueOutcomes>
{
    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(
        ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, QueueOutcomes value)
        where TBufferWriter : IBufferWriter<byte>
    {
        var outcomes = value.Items;
        var buffer = ArrayPool<byte>.Shared.Rent(outcomes is null ? 0 : OutcomeBytes.MaxLength(outcomes));
        var length = outcomes is null ? 0 : OutcomeBytes.Write(outcomes, buffer); // A count of zero is a byte, too.
        FieldBytes.Write(ref writer, fieldIdDelta, expectedType, typeof(QueueOutcomes), buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <inheritdoc/>
    public QueueOutcomes ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        var buffer = FieldBytes.Read(ref reader, field, out var length);
        var outcomes = length == 0 ? null : OutcomeBytes.Read(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return new QueueOutcomes(outcomes);
    }
}

/// <summary>A field of Orleans' that is a run of bytes.</summary>
file static class FieldBytes
{
    public static void Write<TBufferWriter>(
        ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, Type type, ReadOnlySpan<byte> bytes)
        where TBufferWriter : IBufferWriter<byte>
    {
        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType, type, WireType.LengthPrefixed);
        writer.WriteVarUInt32((uint)bytes.Length);
        writer.Write(bytes);
    }

    /// <returns>A buffer of the shared pool: the caller gives it back.</returns>
    public static byte[] Read<TInput>(ref Reader<TInput> reader, Field field, out int length)
    {
        ReferenceCodec.MarkValueField(reader.Session);
        field.EnsureWireType(WireType.LengthPrefixed);
        var claimed = reader.ReadVarUInt32();
        if (claimed > reader.Length - reader.Position)
        {
            throw new InvalidDataException($"A call between silos claims {claimed} bytes, which are not there.");
        }

        length = (int)claimed;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        reader.ReadBytes(buffer.AsSpan(0, length));
        return buffer;
    }
}
