namespace Siberite.Gateway;

/// <summary>Cuts a command line into tokens at runs of spaces. Allocates nothing.</summary>
internal ref struct LineTokens(ReadOnlySpan<byte> line)
{
    private ReadOnlySpan<byte> _rest = line;

    /// <summary>The next token; empty when there is none.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var start = _rest.IndexOfAnyExcept((byte)' ');
        if (start < 0)
        {
            _rest = default;
            return default;
        }

        _rest = _rest[start..];
        var end = _rest.IndexOf((byte)' ');
        var token = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return token;
    }

    /// <summary>How many tokens are left.</summary>
    public readonly int CountRest()
    {
        var copy = this;
        var count = 0;
        while (!copy.Next().IsEmpty)
        {
            count++;
        }

        return count;
    }
}
