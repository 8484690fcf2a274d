using Siberite.Contracts;

namespace Siberite.Server;

/// <summary>What was typed after the program's name, as settings.</summary>
/// <remarks>Flags are Siberite's: one dash or two, the value after <c>=</c> or as the next word, the last one
/// counts.</remarks>
internal sealed class CommandLine
{
    private const string SettingPrefix = "Siberite:";
    private const string ConnectionSetting = "Siberite:Cluster:ConnectionString";
    private const string ModeSetting = "Siberite:Cluster:Mode";

    /// <summary>Every flag that sets something, and what it sets.</summary>
    private static readonly Flag[] Flags =
    [
        new("listen", "host:port", "Siberite:Gateway:Listen", "memcache address (127.0.0.1:22133)"),
        new("data", "dir", "Siberite:Storage:DataDirectory", "where queues are kept (./data)"),
        new("admin", "host:port", "Siberite:Admin:Listen", "pages, health, metrics (127.0.0.1:22180)"),
        new("durability", "policy", "Siberite:Storage:Durability", "what STORED means: always, interval or os"),
        new("cluster", "string", ConnectionSetting, "be a silo of the cluster in this PostgreSQL database"),
        new("name", "name", "Siberite:Cluster:SiloName", "what to call this silo"),
        new("silo-port", "port", "Siberite:Cluster:SiloPort", "port for the other silos (11111)"),
        new("advertise", "host", "Siberite:Cluster:AdvertisedAddress", "where the other silos reach this one"),
    ];

    private readonly Dictionary<string, string?> _settings = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Configuration keys and values.</summary>
    public IReadOnlyDictionary<string, string?> Settings => _settings;

    /// <summary>The file to write the process's id to, if any.</summary>
    public string? PidFile { get; private set; }

    /// <summary>The settings file to read instead of the one beside the program, if any.</summary>
    public string? ConfigFile { get; private set; }

    /// <summary>Whether only the version is wanted.</summary>
    public bool ShowsVersion { get; private set; }

    /// <summary>Whether only the flags are to be explained.</summary>
    public bool ShowsHelp { get; private set; }

    /// <summary>The flags, explained.</summary>
    public static string Help { get; } = $"""
        siberite: a durable work-queue server that memcache clients can use

        {string.Join('\n', Flags.Select(flag => HelpLine($"-{flag.Name} {flag.ValueName}", flag.Meaning)))}
        {HelpLine("-config file", "settings, instead of appsettings/appsettings.json beside the program")}
        {HelpLine("-pid file", "write the process id there once serving")}
        {HelpLine("-version", "print the version and exit")}
        {HelpLine("-help", "print this and exit")}
        {HelpLine("--Siberite:Section:Key=value", "any setting; see infra/docs/settings.md")}
        """;

    /// <exception cref="StartException">A flag that does not exist or lacks its value.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        for (var index = 0; index < arguments.Count; index++)
        {
            var word = arguments[index];
            if (!word.StartsWith('-') || word.TrimStart('-').Length == 0)
            {
                throw StartException.Usage($"'{word}' is not a flag; try -help");
            }

            // At most two dashes are taken off, so that "---listen" stays unknown.
            var (name, value) = SplitAtEquals(word.StartsWith("--", StringComparison.Ordinal) ? word[2..] : word[1..]);
            if (line.TryTakeSwitch(name, value))
            {
                continue;
            }

            value ??= index + 1 < arguments.Count ? arguments[++index] : null;
            line.Take(name, value);
        }

        return line;
    }

    private static string HelpLine(string usage, string meaning) => $"  {usage,-30}  {meaning}";

    private static (string Name, string? Value) SplitAtEquals(string word)
        => word.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at
            ? (word[..at], word[(at + 1)..])
            : (word, null);

    private bool TryTakeSwitch(string name, string? value)
    {
        switch (name)
        {
            case "version":
                ShowsVersion = true;
                break;
            case "help" or "h":
                ShowsHelp = true;
                break;
            default:
                return false;
        }

        return value is null ? true : throw StartException.Usage($"-{name} takes no value");
    }

    private void Take(string name, string? value)
    {
        var flag = Flags.FirstOrDefault(flag => flag.Name == name);
        var isSetting = name.StartsWith(SettingPrefix, StringComparison.OrdinalIgnoreCase);
        if (flag is null && !isSetting && name is not ("pid" or "config"))
        {
            throw StartException.Usage($"unknown flag -{name}; try -help");
        }

        if (string.IsNullOrWhiteSpace(value))
        {
            throw StartException.Usage($"-{name} needs a value");
        }

        if (name == "pid")
        {
            PidFile = value;
        }
        else if (name == "config")
        {
            ConfigFile = value;
        }
        else
        {
            _settings[flag?.Setting ?? name] = value;
            if (flag?.Setting == ConnectionSetting)
            {
                _settings[ModeSetting] = nameof(ClusterMode.Cluster);
            }
        }
    }

    /// <param name="Name">Without its dash.</param>
    /// <param name="ValueName">What its value is, in a word.</param>
    /// <param name="Setting">The configuration key it sets.</param>
    /// <param name="Meaning">For <c>-help</c>.</param>
    private sealed record Flag(string Name, string ValueName, string Setting, string Meaning);
}
