using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>What every queue is told, at one moment. Immutable, thread-safe.</summary>
/// <remarks>
/// As in Kestrel, a value that a section does not set is inherited:
/// <code>
/// the defaults of <see cref="QueueOptions"/> &lt; default &lt; patterns that match &lt; the queue's own section
/// </code>
/// A child of a fanout queue inherits all that holds for its parent, and then from patterns that match its own name alone,
/// and from its own section.
/// A section whose name contains <c>*</c> is a pattern; <c>*</c> stands for any run of characters. Of several that
/// match, the one with more other characters counts more, then the later in ordinal order: files have no order that
/// survives being read.
/// </remarks>
public sealed class QueueSettings
{
    private readonly QueueLayer? _default;
    private readonly QueueLayer[] _patterns; // The one that counts most comes last.
    private readonly Dictionary<string, QueueLayer> _names = new(StringComparer.Ordinal);
    private readonly QueueOptions _defaultOptions;

    /// <remarks>By the layers that make them up: queues that are told the same share one instance.</remarks>
    private readonly ConcurrentDictionary<string, QueueOptions> _resolved = new(StringComparer.Ordinal);

    /// <summary>Settings made of sections, in any order, each name at most once.</summary>
    public QueueSettings(IEnumerable<QueueLayer> layers)
    {
        var patterns = new List<QueueLayer>();
        foreach (var layer in layers)
        {
            if (layer.Name == QueueOptions.DefaultName)
            {
                _default = layer;
            }
            else if (NamePattern.IsPattern(layer.Name))
            {
                patterns.Add(layer);
            }
            else
            {
                _names.Add(layer.Name, layer);
            }
        }

        _patterns =
        [
            .. patterns
                .OrderBy(layer => NamePattern.LiteralCount(layer.Name))
                .ThenBy(layer => layer.Name, StringComparer.Ordinal),
        ];
        _defaultOptions = Resolve(matching: [], own: null);
    }

    /// <summary>No section at all.</summary>
    public static QueueSettings None { get; } = new([]);

    /// <summary>What <paramref name="name"/> is told. The same instance every time; not to be changed.</summary>
    public QueueOptions Of(QueueName name)
    {
        var own = _names.GetValueOrDefault(name.Value);
        QueueLayer[] matching = [.. LayersAbove(name)];
        return own is null && matching.Length == 0
            ? _defaultOptions
            : _resolved.GetOrAdd(KeyOf(matching, own), _ => Resolve(matching, own));
    }

    private IEnumerable<QueueLayer> LayersAbove(QueueName name)
    {
        var matching = _patterns.Where(layer => NamePattern.Matches(layer.Name, name.Value));
        if (name.Parent is not { } parent)
        {
            return matching;
        }

        QueueLayer[] ofParent = [.. _patterns.Where(layer => NamePattern.Matches(layer.Name, parent.Value))];
        QueueLayer[] parents = _names.TryGetValue(parent.Value, out var own) ? [own] : [];
        return [.. ofParent, .. parents, .. matching.Except(ofParent)];
    }

    private static string KeyOf(QueueLayer[] matching, QueueLayer? own)
        => string.Join(' ', matching.Append(own).Select(layer => layer?.Name)); // No name contains a space.

    private QueueOptions Resolve(QueueLayer[] matching, QueueLayer? own)
    {
        var options = new QueueOptions();
        _default?.Apply(options);
        foreach (var layer in matching)
        {
            layer.Apply(options);
        }

        own?.Apply(options);
        return options;
    }
}

/// <summary>One section of queue settings.</summary>
/// <param name="Name">A queue's name, a pattern, or <see cref="QueueOptions.DefaultName"/>.</param>
/// <param name="Apply">Overwrites what the section sets.</param>
public sealed record QueueLayer(string Name, Action<QueueOptions> Apply);

/// <summary>Patterns of names: <c>*</c> stands for any run of characters, the empty one too.</summary>
internal static class NamePattern
{
    public static bool IsPattern(string name) => name.Contains('*', StringComparison.Ordinal);

    public static int LiteralCount(string pattern) => pattern.Count(c => c != '*');

    public static bool Matches(string pattern, string name)
    {
        var parts = pattern.Split('*');
        var at = parts[0].Length;
        if (!name.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        // Each part as early as can be: what is left for the later ones is then longest.
        foreach (var part in parts.AsSpan(1, parts.Length - 2))
        {
            var found = name.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at = found + part.Length;
        }

        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.Ordinal);
    }
}

/// <summary>The queue settings in force, replaced as a whole while the silo runs. Thread-safe.</summary>
public sealed class CurrentQueueSettings
{
    private volatile QueueSettings _snapshot = QueueSettings.None;

    /// <summary>As of now. Compare references to see whether they were replaced.</summary>
    public QueueSettings Snapshot => _snapshot;

    /// <summary>What <paramref name="name"/> is told as of now.</summary>
    public QueueOptions Of(QueueName name) => _snapshot.Of(name);

    /// <summary>Puts others in force, for queues that exist too.</summary>
    public void Replace(QueueSettings settings) => _snapshot = settings;
}
