using System.Diagnostics.CodeAnalysis;

namespace Siberite.Contracts;

/// <summary>Lets a dictionary keyed by queue name be asked with the bytes of the wire, without making a name.</summary>
/// <remarks>The hash is seeded per process, so a client cannot choose names that collide.</remarks>
public sealed class QueueNameComparer
    : IEqualityComparer<QueueName>, IAlternateEqualityComparer<ReadOnlySpan<byte>, QueueName>
{
    private QueueNameComparer()
    {
    }

    /// <summary>The one instance.</summary>
    public static QueueNameComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(QueueName? x, QueueName? y) => x is null ? y is null : x.Equals(y);

    /// <inheritdoc/>
    public int GetHashCode([DisallowNull] QueueName obj) => GetHashCode(obj.Utf8.Span);

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, QueueName other) => alternate.SequenceEqual(other.Utf8.Span);

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public QueueName Create(ReadOnlySpan<byte> alternate) => QueueName.Parse(alternate);
}
