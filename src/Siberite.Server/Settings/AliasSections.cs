using System.Globalization;
using System.Text;
using Siberite.Contracts;

namespace Siberite.Server.Settings;

/// <summary>Reads the lists <c>Siberite:Aliases:&lt;name&gt;</c>: names that stand for other queues in a set.</summary>
internal static class AliasSections
{
    public const string Section = "Siberite:Aliases";

    /// <summary>Reads every list; what is wrong with them goes to <paramref name="errors"/>, with its path.</summary>
    public static IReadOnlyDictionary<QueueName, IReadOnlyList<QueueName>> Read(
        IConfiguration configuration, List<string> errors)
    {
        var aliases = new Dictionary<QueueName, List<QueueName>>();
        foreach (var (path, text) in LeavesOf(configuration))
        {
            if (!TryParse(NameIn(path), out var alias) || alias.IsChild)
            {
                errors.Add($"{path} is for '{NameIn(path)}': must be a queue's name");
            }
            else if (!TryParse(text.Trim(), out var queue))
            {
                errors.Add($"{path} is '{text}': must be a queue's name");
            }
            else
            {
                aliases.TryAdd(alias, []);
                if (aliases[alias].Contains(queue))
                {
                    errors.Add($"{path} is '{text}': is there twice");
                }

                aliases[alias].Add(queue);
            }
        }

        foreach (var (alias, queues) in aliases)
        {
            if (queues.Find(aliases.ContainsKey) is { } other)
            {
                errors.Add($"{Section}:{alias} is '{other}': must be a queue, and that is an alias");
            }
        }

        return aliases.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<QueueName>)pair.Value);
    }

    /// <remarks>In the order of their numbers: that of a configuration is that of texts.</remarks>
    private static IEnumerable<(string Path, string Text)> LeavesOf(IConfiguration configuration)
        => from setting in configuration.GetSection(Section).AsEnumerable()
           where setting.Value is not null
           orderby NameIn(setting.Key), IndexIn(setting.Key) ?? 0
           select (setting.Key, setting.Value);

    /// <remarks>A queue's name may contain colons, which also separate the parts of a path. A list's last part is a
    /// number; a single text is a list of one.</remarks>
    private static string NameIn(string path)
    {
        var start = Math.Min(Section.Length + 1, path.Length);
        return IndexIn(path) is null ? path[start..] : path[start..path.LastIndexOf(':')];
    }

    private static int? IndexIn(string path)
    {
        var lastColon = path.LastIndexOf(':');
        return lastColon > Section.Length
            && int.TryParse(path[(lastColon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;
    }

    private static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out QueueName? name)
        => QueueName.TryParse(Encoding.UTF8.GetBytes(text), out name);
}
