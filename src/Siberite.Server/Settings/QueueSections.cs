using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Server.Settings;

/// <summary>Reads the sections <c>Siberite:Queues:&lt;name&gt;</c>.</summary>
internal static class QueueSections
{
    /// <summary>Reads every section; what is wrong with them goes to <paramref name="errors"/>, with its
    /// path.</summary>
    public static QueueSettings Read(IConfiguration configuration, List<string> errors)
    {
        var layers = new Dictionary<string, Dictionary<string, Action<QueueOptions>>>(StringComparer.Ordinal);
        foreach (var (path, text) in LeavesOf(configuration))
        {
            if (!TrySplit(path, out var name, out var key)
                || SettingReader.Find(typeof(QueueOptions), key) is not { } setting)
            {
                errors.Add($"unknown setting {path}");
            }
            else if (!IsName(name))
            {
                errors.Add($"{path} is for '{name}': must be a queue's name, a pattern with *, or "
                    + QueueOptions.DefaultName);
            }
            else if (SettingReader.TryRead(setting, path, text, errors, out var value)
                && IsInRange(name, setting.Name, options => setting.SetValue(options, value), errors))
            {
                layers.TryAdd(name, []);
                layers[name][setting.Name] = options => setting.SetValue(options, value);
            }
        }

        return new QueueSettings(layers.Select(layer => LayerOf(layer.Key, layer.Value)))
        {
            Aliases = AliasSections.Read(configuration, errors),
        };
    }

    /// <summary>Reads what one queue is told at run time, by the same rules.</summary>
    public static QueueLayer Read(QueueName name, IReadOnlyDictionary<string, string> values, List<string> errors)
    {
        var layer = new Dictionary<string, Action<QueueOptions>>(StringComparer.Ordinal);
        foreach (var (key, text) in values)
        {
            var path = $"{QueueOptions.Section}:{name.Value}:{key}";
            if (SettingReader.Find(typeof(QueueOptions), key) is not { } setting)
            {
                errors.Add($"unknown setting {path}");
            }
            else if (SettingReader.TryRead(setting, path, text, errors, out var value)
                && IsInRange(name.Value, setting.Name, options => setting.SetValue(options, value), errors)
                && !layer.TryAdd(setting.Name, options => setting.SetValue(options, value)))
            {
                errors.Add($"{path} is given twice");
            }
        }

        return LayerOf(name.Value, layer);
    }

    private static QueueLayer LayerOf(string name, Dictionary<string, Action<QueueOptions>> settings)
        => new(name, options =>
        {
            foreach (var apply in settings.Values)
            {
                apply(options);
            }
        })
        { Keys = settings.Keys };

    private static IEnumerable<(string Path, string Text)> LeavesOf(IConfiguration configuration)
        => from setting in configuration.GetSection(QueueOptions.Section).AsEnumerable()
           where setting.Value is not null
           orderby setting.Key
           select (setting.Key, setting.Value);

    /// <remarks>A queue's name may contain colons, which also separate the parts of a path: the last part is the key,
    /// and all between is the name.</remarks>
    private static bool TrySplit(string path, out string name, out string key)
    {
        var lastColon = path.LastIndexOf(':');
        var nameStart = QueueOptions.Section.Length + 1;
        key = path[(lastColon + 1)..];
        name = lastColon > nameStart ? path[nameStart..lastColon] : "";
        return name.Length > 0;
    }

    private static bool IsName(string name)
        => QueueName.IsLegal(System.Text.Encoding.UTF8.GetBytes(name));

    private static bool IsInRange(string name, string key, Action<QueueOptions> set, List<string> errors)
    {
        var options = new QueueOptions();
        set(options);
        var complaint = QueueRules.Check(key, options);
        if (complaint is not null)
        {
            errors.Add($"{QueueOptions.Section}:{name}:{key} is {complaint}");
        }

        return complaint is null;
    }
}

/// <summary>Reads what queues are told at run time.</summary>
internal sealed class QueueSettingReader : IQueueSettingReader
{
    /// <inheritdoc/>
    public QueueLayer Read(QueueName name, IReadOnlyDictionary<string, string> values)
    {
        var errors = new List<string>();
        var layer = QueueSections.Read(name, values, errors);
        return errors.Count == 0
            ? layer
            : throw new SiberiteException(SiberiteError.SettingInvalid, string.Join("; ", errors), inner: null);
    }
}
