using System.Buffers;

namespace Siberite.Gateway;

/// <summary>Reads lines and data off the front of what a client has sent, without copying.</summary>
/// <remarks>Works on the first segment as long as it can: most frames lie within one.</remarks>
internal ref struct InputCursor(ReadOnlySequence<byte> input)
{
    private ReadOnlySequence<byte> _rest = input;
    private ReadOnlySpan<byte> _span = input.FirstSpan;
    private int _offset;

    /// <summary>What has not been read.</summary>
    public readonly ReadOnlySequence<byte> Rest => _rest.Slice(_offset);

    public readonly bool IsEmpty => _rest.Length == _offset;

    /// <summary>The next line, without its terminator, which is LF or CRLF.</summary>
    /// <param name="spill">Holds a line that straddles segments; made when there is the first one.</param>
    /// <param name="maxBytes">The longest line with its terminator; a longer one is passed over and comes empty.</param>
    /// <param name="line">Valid until the input advances or <paramref name="spill"/> is used again.</param>
    /// <returns>Bytes read with the terminator; 0 when there is no whole line.</returns>
    public long TryReadLine(ref byte[]? spill, int maxBytes, out ReadOnlySpan<byte> line)
    {
        var rest = _span[_offset..];
        var end = rest.IndexOf((byte)'\n');
        if (end >= 0)
        {
            line = TrimCarriageReturn(rest[..end]);
            _offset += end + 1;
            return end + 1;
        }

        line = default;
        if (_rest.IsSingleSegment || Rest.PositionOf((byte)'\n') is not { } position)
        {
            return 0;
        }

        var whole = Rest.Slice(0, position);
        var read = whole.Length + 1;
        if (read <= maxBytes)
        {
            spill ??= new byte[maxBytes];
            whole.CopyTo(spill);
            line = TrimCarriageReturn(spill.AsSpan(0, (int)whole.Length));
        }

        Skip(read);
        return read;
    }

    /// <summary>The next <paramref name="count"/> bytes, if they have all arrived.</summary>
    public bool TryTake(long count, out ReadOnlySequence<byte> taken)
    {
        if (_rest.Length - _offset < count)
        {
            taken = default;
            return false;
        }

        taken = _rest.Slice(_offset, count);
        Skip(count);
        return true;
    }

    /// <summary>Goes on with <paramref name="rest"/>, which something else has read from.</summary>
    public void Continue(ReadOnlySequence<byte> rest)
    {
        _rest = rest;
        _span = rest.FirstSpan;
        _offset = 0;
    }

    private void Skip(long count)
    {
        if (_offset + count <= _span.Length)
        {
            _offset += (int)count;
        }
        else
        {
            Continue(_rest.Slice(_offset + count));
        }
    }

    private static ReadOnlySpan<byte> TrimCarriageReturn(ReadOnlySpan<byte> line)
        => !line.IsEmpty && line[^1] == '\r' ? line[..^1] : line;
}
