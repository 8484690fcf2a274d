using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>What every queue is told, at one moment. Immutable, thread-safe.</summary>
/// <remarks>
/// As in Kestrel, a value that a section does not set is inherited:
/// <code>
/// the defaults of <see cref="QueueOptions"/> &lt; default &lt; patterns that match &lt; the queue's own section
///     &lt; what was set at run time
/// </code>
/// A child of a fanout queue inherits all that holds for its parent, then what patterns that match its own name alone
/// set, then its own section. A section whose name contains <c>*</c> is a pattern; <c>*</c> stands for any run of
/// characters. Of several that match, the one with more other characters counts more, then the later in ordinal order:
/// files have no order that survives being read.
/// </remarks>
public sealed class QueueSettings
{
    private readonly QueueLayer? _default;
    private readonly QueueLayer[] _patterns; // The one that counts most comes last.
    private readonly Dictionary<string, QueueLayer> _names = new(StringComparer.Ordinal);
    private readonly ImmutableDictionary<string, QueueLayer> _runTime =
        ImmutableDictionary.Create<string, QueueLayer>(StringComparer.Ordinal);

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
        _defaultOptions = Resolve([]);
    }

    private QueueSettings(QueueSettings files, ImmutableDictionary<string, QueueLayer> runTime)
    {
        _default = files._default;
        _patterns = files._patterns;
        _names = files._names;
        _defaultOptions = files._defaultOptions;
        _runTime = runTime;
        Aliases = files.Aliases;
    }

    /// <summary>Names that stand for others in a <c>set</c>, each with the queues it means. No alias means
    /// another.</summary>
    public IReadOnlyDictionary<QueueName, IReadOnlyList<QueueName>> Aliases { get; init; } =
        new Dictionary<QueueName, IReadOnlyList<QueueName>>();

    /// <summary>No section at all.</summary>
    public static QueueSettings None { get; } = new([]);

    /// <summary>These, and above them what was set at run time, by name.</summary>
    public QueueSettings With(ImmutableDictionary<string, QueueLayer> runTime) => new(this, runTime);

    /// <summary>What <paramref name="name"/> is told. The same instance every time; not to be changed.</summary>
    public QueueOptions Of(QueueName name)
    {
        if (_patterns.Length == 0 && !_names.ContainsKey(name.Value) && !_runTime.ContainsKey(name.Value)
            && !name.IsChild)
        {
            return _defaultOptions;
        }

        Layered[] layers = [.. LayersOf(name).Where(layer => layer.Origin != SettingOrigin.Default)];
        return layers.Length == 0
            ? _defaultOptions
            : _resolved.GetOrAdd(KeyOf(layers), _ => Resolve(layers));
    }

    /// <summary>Every setting of <paramref name="name"/> with where its value comes from.</summary>
    public IReadOnlyList<EffectiveSetting> Explain(QueueName name)
    {
        var options = Of(name);
        Layered[] layers = [.. LayersOf(name)];
        return
        [
            .. from setting in typeof(QueueOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where setting.CanWrite
               let source = layers.LastOrDefault(layer => layer.Layer.Keys.Contains(setting.Name))
               let value = Convert.ToString(setting.GetValue(options), CultureInfo.InvariantCulture)
               select new EffectiveSetting(setting.Name, value, source.Origin, source.Layer?.Name),
        ];
    }

    /// <remarks>No name contains a space.</remarks>
    private static string KeyOf(Layered[] layers)
        => string.Join(' ', layers.Select(layer => $"{layer.Origin} {layer.Layer.Name}"));

    /// <summary>The one that counts most comes last.</summary>
    private IEnumerable<Layered> LayersOf(QueueName name)
    {
        Layered[] above = name.Parent is { } parent ? [.. LayersOf(parent)]
            : _default is not null ? [new Layered(SettingOrigin.Default, _default)]
            : [];
        foreach (var layer in above)
        {
            yield return layer;
        }

        foreach (var pattern in _patterns.Where(layer => NamePattern.Matches(layer.Name, name.Value)))
        {
            if (!above.Contains(new Layered(SettingOrigin.Pattern, pattern)))
            {
                yield return new Layered(SettingOrigin.Pattern, pattern);
            }
        }

        if (_names.TryGetValue(name.Value, out var own))
        {
            yield return new Layered(SettingOrigin.Name, own);
        }

        if (_runTime.TryGetValue(name.Value, out var latest))
        {
            yield return new Layered(SettingOrigin.RunTime, latest);
        }
    }

    private QueueOptions Resolve(Layered[] layers)
    {
        var options = new QueueOptions();
        _default?.Apply(options);
        foreach (var layer in layers)
        {
            layer.Layer.Apply(options);
        }

        return options;
    }

    private readonly record struct Layered(SettingOrigin Origin, QueueLayer Layer);
}

/// <summary>One section of queue settings.</summary>
/// <param name="Name">A queue's name, a pattern, or <see cref="QueueOptions.DefaultName"/>.</param>
/// <param name="Apply">Overwrites what the section sets.</param>
public sealed record QueueLayer(string Name, Action<QueueOptions> Apply)
{
    /// <summary>The settings it sets, so that it can be told where a value comes from.</summary>
    public IReadOnlyCollection<string> Keys { get; init; } = [];
}

/// <summary>Reads settings of queues as operators write them.</summary>
public interface IQueueSettingReader
{
    /// <summary>Reads what is told to the queue <paramref name="name"/> at run time.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="values">Texts as in a settings file, by key in any case.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.SettingInvalid"/>, with the path and the reason of
    /// each that is wrong.</exception>
    QueueLayer Read(QueueName name, IReadOnlyDictionary<string, string> values);
}

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
public sealed class CurrentQueueSettings : IQueueSettings
{
    private readonly Lock _gate = new();
    private QueueSettings _files = QueueSettings.None;
    private ImmutableDictionary<string, QueueLayer> _runTime =
        ImmutableDictionary.Create<string, QueueLayer>(StringComparer.Ordinal);

    private volatile QueueSettings _snapshot = QueueSettings.None;

    /// <summary>As of now. Compare references to see whether they were replaced.</summary>
    public QueueSettings Snapshot => _snapshot;

    /// <summary>What <paramref name="name"/> is told as of now.</summary>
    public QueueOptions Of(QueueName name) => _snapshot.Of(name);

    /// <inheritdoc/>
    public QueueOptions OptionsOf(QueueName name) => Of(name);

    /// <summary>Puts others in force, for queues that exist too. What was set at run time stays.</summary>
    public void Replace(QueueSettings settings)
    {
        lock (_gate)
        {
            _files = settings;
            _snapshot = _runTime.IsEmpty ? settings : settings.With(_runTime);
        }
    }

    /// <summary>Puts in force what queues are told at run time, beside what others are told so.</summary>
    /// <param name="layers">By the queue's name; <see langword="null"/> for nothing any more.</param>
    public void ReplaceRunTime(IEnumerable<KeyValuePair<QueueName, QueueLayer?>> layers)
    {
        lock (_gate)
        {
            var runTime = _runTime.ToBuilder();
            foreach (var (name, layer) in layers)
            {
                if (layer is null)
                {
                    runTime.Remove(name.Value);
                }
                else
                {
                    runTime[name.Value] = layer;
                }
            }

            _runTime = runTime.ToImmutable();
            _snapshot = _files.With(_runTime);
        }
    }
}
