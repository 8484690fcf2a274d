using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Siberite.Contracts;

/// <summary>A checked queue name: 1 to 200 bytes of printable ASCII without space and <c>/ + . ~</c>; or two such names
/// with a <c>+</c> between them, together within 200 bytes, for a child of a fanout queue.</summary>
/// <remarks>
/// The excluded characters separate options, targets and cursors on the wire. 200 leaves 50 bytes for options within
/// the 250 bytes that memcache clients allow for a key. A name never becomes a path.
/// </remarks>
[GenerateSerializer, Immutable, Alias("siberite.queue-name")]
public sealed class QueueName : IEquatable<QueueName>
{
    /// <summary>Longest legal name, in bytes.</summary>
    public const int MaxBytes = 200;

    /// <summary>What stands between a parent's name and its child's.</summary>
    public const byte ChildSeparator = (byte)'+';

    private QueueName(string value)
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

    /// <summary>Whether it is a child's: <c>parent+child</c>.</summary>
    public bool IsChild => Value.Contains('+', StringComparison.Ordinal);

    /// <summary>The parent of a child; <see langword="null"/> for any other queue.</summary>
    public QueueName? Parent => IsChild ? new QueueName(Value[..Value.IndexOf('+', StringComparison.Ordinal)]) : null;

    /// <summary>Checks <paramref name="bytes"/> and makes a name of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out QueueName? name)
    {
        name = IsLegal(bytes) ? new QueueName(Encoding.ASCII.GetString(bytes)) : null;
        return name is not null;
    }

    /// <summary>Makes a name of bytes that were checked before.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueNameInvalid"/>.</exception>
    public static QueueName Parse(ReadOnlySpan<byte> bytes)
        => TryParse(bytes, out var name)
            ? name
            : throw new SiberiteException(SiberiteError.QueueNameInvalid, "The queue name is not legal.", inner: null);

    /// <summary>Checks <paramref name="text"/> and makes a name of it.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueNameInvalid"/>.</exception>
    public static QueueName Parse(string text)
        => Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether <paramref name="bytes"/> could be a queue name.</summary>
    public static bool IsLegal(ReadOnlySpan<byte> bytes)
    {
        var plus = bytes.IndexOf(ChildSeparator);
        return bytes.Length <= MaxBytes
            && (plus < 0 ? IsPlain(bytes) : IsPlain(bytes[..plus]) && IsPlain(bytes[(plus + 1)..]));
    }

    private static bool IsPlain(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return false;
        }

        foreach (var b in bytes)
        {
            if (b is <= (byte)' ' or > (byte)'~' or (byte)'/' or (byte)'+' or (byte)'.' or (byte)'~')
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(QueueName? other) => other is not null && Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as QueueName);

    /// <inheritdoc/>
    public override int GetHashCode() => QueueNameComparer.Instance.GetHashCode(this);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
