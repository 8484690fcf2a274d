using System.IO.Hashing;

namespace Siberite.Storage;

/// <summary>Reads packed payloads in order: they lie behind each other, so that one call brings many.</summary>
/// <remarks>For one read of a queue: what it has is never older than the first item of that.</remarks>
internal sealed class PackReader
{
    private const int BufferBytes = 64 << 10;

    [ThreadStatic]
    private static byte[]? _lent;

    private readonly byte[] _buffer = _lent ??= GC.AllocateUninitializedArray<byte>(BufferBytes);
    private PayloadFile? _file;
    private long _offset;
    private int _count;

    /// <summary>A copy of the payload, if it is what it was. Held by the caller.</summary>
    /// <returns><see langword="null"/> if it is not.</returns>
    /// <exception cref="IOException"/>
    public byte[]? Read(LargePayload payload)
    {
        if (payload.Offset + payload.Length > payload.File.Length)
        {
            return null; // Before so much memory is taken.
        }

        var bytes = GC.AllocateUninitializedArray<byte>(payload.Length);
        return TryRead(payload.File, payload.Offset, bytes) && XxHash3.HashToUInt64(bytes) == payload.Checksum
            ? bytes
            : null;
    }

    private bool TryRead(PayloadFile file, long offset, Span<byte> target)
    {
        if (target.Length > BufferBytes)
        {
            return file.Read(target, offset);
        }

        if (file != _file || offset < _offset || offset + target.Length > _offset + _count)
        {
            (_file, _offset) = (null, offset);
            _count = file.ReadUpTo(_buffer, offset);
            _file = file;
        }

        if (target.Length > _count - (offset - _offset))
        {
            return false;
        }

        _buffer.AsSpan((int)(offset - _offset), target.Length).CopyTo(target);
        return true;
    }
}
