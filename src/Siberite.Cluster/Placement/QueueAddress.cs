using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The key of a queue grain: <c>&lt;queue&gt;@&lt;store id&gt;</c>.</summary>
/// <remarks>A queue name may contain <c>@</c>, a store id cannot: a key splits at the last one.</remarks>
internal readonly record struct QueueAddress(QueueName Name, StoreId Store)
{
    public string ToKey() => $"{Name.Value}@{Store}";

    /// <summary>The store in the key of a grain that lives at a store: the whole of it, or what follows the last
    /// <c>@</c>.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueNameInvalid"/>.</exception>
    public static StoreId StoreOf(string key)
        => Guid.TryParseExact(key.AsSpan(key.LastIndexOf('@') + 1), "n", out var store)
            ? new StoreId(store)
            : throw new SiberiteException(
                SiberiteError.QueueNameInvalid, $"The address '{key}' does not name a store.", inner: null);

    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueNameInvalid"/>.</exception>
    public static QueueAddress Parse(string key)
    {
        var split = key.LastIndexOf('@');
        if (split < 0 || !Guid.TryParseExact(key.AsSpan(split + 1), "n", out var store))
        {
            throw new SiberiteException(
                SiberiteError.QueueNameInvalid,
                $"The address '{key}' does not name a queue and its store.",
                inner: null);
        }

        return new QueueAddress(QueueName.Parse(key[..split]), new StoreId(store));
    }
}
