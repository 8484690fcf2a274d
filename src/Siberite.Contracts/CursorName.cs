using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Siberite.Contracts;

/// <summary>A checked name of a cursor within its queue: 1 to 50 letters, digits and underscores of ASCII.</summary>
/// <remarks>50: with a point and all but the very longest queue names it fits the 250 bytes that memcache clients allow
/// for a key.</remarks>
[GenerateSerializer, Immutable, Alias("siberite.cursor-name")]
public sealed class CursorName : IEquatable<CursorName>
{
    /// <summary>Longest legal name, in bytes.</summary>
    public const int MaxBytes = 50;

    /// <summary>What stands between a queue's name and its cursor's.</summary>
    public const byte Separator = (byte)'.';

    private CursorName(string value)
    {
        Value = value;
        Utf8 = Encoding.ASCII.GetBytes(value);
    }

    /// <summary>The name as text.</summary>
    [Id(0)]
    public string Value { get; }

    /// <summary>The name as it stands on the wire.</summary>
    [Id(1)]
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary>Checks <paramref name="bytes"/> and makes a name of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CursorName? name)
    {
        name = IsLegal(bytes) ? new CursorName(Encoding.ASCII.GetString(bytes)) : null;
        return name is not null;
    }

    /// <summary>Makes a name of bytes that were checked before.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.CursorNameInvalid"/>.</exception>
    public static CursorName Parse(ReadOnlySpan<byte> bytes)
        => TryParse(bytes, out var name)
            ? name
            : throw new SiberiteException(
                SiberiteError.CursorNameInvalid, "The cursor's name is not legal.", inner: null);

    /// <summary>Checks <paramref name="text"/> and makes a name of it.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.CursorNameInvalid"/>.</exception>
    public static CursorName Parse(string text) => Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether <paramref name="bytes"/> could be a cursor's name.</summary>
    public static bool IsLegal(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxBytes)
        {
            return false;
        }

        foreach (var b in bytes)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '_')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What clients call the cursor of this name in a queue.</summary>
    public ReadOnlyMemory<byte> AddressIn(QueueName queue) => (byte[])[.. queue.Utf8.Span, Separator, .. Utf8.Span];

    /// <inheritdoc/>
    public bool Equals(CursorName? other) => other is not null && Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CursorName);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
