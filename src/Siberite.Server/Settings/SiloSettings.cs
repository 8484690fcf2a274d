using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Server.Settings;

/// <summary>Every setting of this silo, checked. Those of queues may be read again while it runs.</summary>
/// <remarks>Later sources win: <c>appsettings/appsettings.json</c> beside the program or the file named by
/// <c>-config</c>, in a cluster <c>appsettings/appsettings.Cluster.json</c> unless there is a <c>-config</c>, the
/// environment, the command line.</remarks>
internal sealed record SiloSettings(
    GatewayOptions Gateway, StorageOptions Storage, EngineOptions Engine, ClusterOptions Cluster, AdminOptions Admin,
    QueueSettings Queues)
{
    /// <summary>The section of settings that hold for all queues.</summary>
    public const string QueueDefaults = $"{QueueOptions.Section}:{QueueOptions.DefaultName}";

    private const string Root = "Siberite";

    /// <summary>The sections there are, and the options that each is read into.</summary>
    public static IReadOnlyDictionary<string, Type> Sections { get; } = new Dictionary<string, Type>
    {
        [GatewayOptions.Section] = typeof(GatewayOptions),
        [StorageOptions.Section] = typeof(StorageOptions),
        [EngineOptions.Section] = typeof(EngineOptions),
        [ClusterOptions.Section] = typeof(ClusterOptions),
        [AdminOptions.Section] = typeof(AdminOptions),
        [QueueDefaults] = typeof(QueueOptions),
    };

    /// <summary>All sources in their order.</summary>
    /// <exception cref="StartException">The settings file cannot be read.</exception>
    public static IConfigurationRoot ReadSources(CommandLine commandLine)
    {
        var alone = Build(commandLine, isCluster: false);
        var isCluster = nameof(ClusterMode.Cluster).Equals(
            alone[$"{ClusterOptions.Section}:{nameof(ClusterOptions.Mode)}"], StringComparison.OrdinalIgnoreCase);
        return isCluster ? Build(commandLine, isCluster) : alone;
    }

    private static IConfigurationRoot Build(CommandLine commandLine, bool isCluster)
    {
        var builder = new ConfigurationBuilder()
            .AddJsonFile(FileOf(commandLine), optional: commandLine.ConfigFile is null, reloadOnChange: false);
        if (isCluster && commandLine.ConfigFile is null)
        {
            builder.AddJsonFile(OwnFile("appsettings.Cluster.json"), optional: true, reloadOnChange: false);
        }

        try
        {
            return builder.AddEnvironmentVariables().AddInMemoryCollection(commandLine.Settings).Build();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            var file = commandLine.ConfigFile ?? (isCluster ? "appsettings.Cluster.json" : "appsettings.json");
            throw StartException.Usage($"cannot read {file}: {(e.InnerException ?? e).Message}");
        }
    }

    /// <summary>The settings file, whether it is there or not.</summary>
    public static string FileOf(CommandLine commandLine)
        => commandLine.ConfigFile is { } file ? Path.GetFullPath(file) : OwnFile("appsettings.json");

    /// <exception cref="StartException">Some settings make no sense; the message names each.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var errors = FindUnknownKeys(configuration).ToList();
        var settings = new SiloSettings(
            SettingReader.Read<GatewayOptions>(configuration, GatewayOptions.Section, errors),
            SettingReader.Read<StorageOptions>(configuration, StorageOptions.Section, errors),
            SettingReader.Read<EngineOptions>(configuration, EngineOptions.Section, errors),
            SettingReader.Read<ClusterOptions>(configuration, ClusterOptions.Section, errors),
            SettingReader.Read<AdminOptions>(configuration, AdminOptions.Section, errors),
            QueueSections.Read(configuration, errors));
        if (errors.Count == 0)
        {
            errors.AddRange(SettingRules.Check(settings));
        }

        return errors.Count == 0 ? settings : throw StartException.Usage(string.Join("; ", errors));
    }

    /// <summary>A mistyped key would otherwise be a setting that silently has no effect.</summary>
    private static IEnumerable<string> FindUnknownKeys(IConfiguration configuration)
        => from section in configuration.GetSection(Root).GetChildren()
           where !section.Path.Equals(QueueOptions.Section, StringComparison.OrdinalIgnoreCase)
               && !section.Path.Equals(AliasSections.Section, StringComparison.OrdinalIgnoreCase)
           let options = OptionsOf(section)
           from key in options is null ? [section.Path] : UnknownKeysOf(section, options)
           select $"unknown setting {key}";

    private static IEnumerable<string> UnknownKeysOf(IConfigurationSection section, Type options)
    {
        if (section.Value is not null)
        {
            yield return section.Path;
        }

        foreach (var setting in section.GetChildren())
        {
            var isKnown = SettingReader.SettingsOf(options)
                .Any(known => known.Name.Equals(setting.Key, StringComparison.OrdinalIgnoreCase));
            if (!isKnown)
            {
                yield return setting.Path;
            }
            else if (setting.GetChildren().FirstOrDefault() is { } deeper)
            {
                yield return deeper.Path;
            }
        }
    }

    private static string OwnFile(string name) => Path.Combine(AppContext.BaseDirectory, "appsettings", name);

    private static Type? OptionsOf(IConfigurationSection section)
        => Sections.FirstOrDefault(known => known.Key.Equals(section.Path, StringComparison.OrdinalIgnoreCase)).Value;
}
