using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Server.Hosting;

namespace Siberite.Server.Settings;

/// <summary>Puts changed queue settings in force while the silo runs: when their file changes, and when told
/// to.</summary>
/// <remarks>All sources are read anew and checked as at a start. One bad setting refuses them all, so that the settings
/// in force are always those of one moment.</remarks>
internal sealed partial class SettingsReload : IDisposable
{
    private readonly CommandLine _commandLine;
    private readonly CurrentQueueSettings _queues;
    private readonly ILogger _log;
    private readonly Lock _turn = new();
    private readonly PhysicalFileProvider? _folder;
    private readonly IDisposable? _watch;
    private SiloSettings _inForce;

    public SettingsReload(
        CommandLine commandLine, SiloSettings settings, CurrentQueueSettings queues, ILogger<SettingsReload> log)
    {
        _commandLine = commandLine;
        _inForce = SiloSettings.Read(SiloSettings.ReadSources(commandLine)); // As written: paths and names are resolved
        _queues = queues; // in the others by now, and would look changed.
        _log = log;
        _queues.Replace(settings.Queues);
        var file = SiloSettings.FileOf(commandLine);
        if (Directory.Exists(Path.GetDirectoryName(file)))
        {
            _folder = new PhysicalFileProvider(Path.GetDirectoryName(file)!);
            _watch = ChangeToken.OnChange(() => _folder.Watch(Path.GetFileName(file)), () => Reload());
        }
    }

    /// <summary>Reads the settings again.</summary>
    /// <returns><see langword="null"/> when those of queues are in force; otherwise, on one line, what is
    /// wrong.</returns>
    public string? Reload()
    {
        lock (_turn)
        {
            try
            {
                var settings = SiloSettings.Read(SiloSettings.ReadSources(_commandLine));
                _queues.Replace(settings.Queues);
                LogReloaded(_log);
                WarnOfOthers(settings);
                _inForce = settings;
                return null;
            }
            catch (StartException e)
            {
                LogRefused(_log, e.Message);
                return LineFormatter.OnOneLine(e.Message);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch?.Dispose();
        _folder?.Dispose();
    }

    /// <summary>Says which changes will not count before a restart: silence would look like success.</summary>
    private void WarnOfOthers(SiloSettings settings)
    {
        var changed =
            from pair in SectionsOf(_inForce).Zip(SectionsOf(settings))
            from setting in SettingReader.SettingsOf(pair.First.Options.GetType())
            where !Equals(setting.GetValue(pair.First.Options), setting.GetValue(pair.Second.Options))
            select $"{pair.First.Section}:{setting.Name}";
        foreach (var path in changed)
        {
            LogNeedsRestart(_log, path);
        }
    }

    private static IEnumerable<(string Section, object Options)> SectionsOf(SiloSettings settings) =>
    [
        (GatewayOptions.Section, settings.Gateway),
        (StorageOptions.Section, settings.Storage),
        (EngineOptions.Section, settings.Engine),
        (ClusterOptions.Section, settings.Cluster),
        (AdminOptions.Section, settings.Admin),
    ];

    [LoggerMessage(4101, LogLevel.Information, "The settings of queues were read again and are in force.")]
    private static partial void LogReloaded(ILogger log);

    [LoggerMessage(4102, LogLevel.Error, "Changed settings are refused and the old ones stay in force: {Reason}")]
    private static partial void LogRefused(ILogger log, string reason);

    [LoggerMessage(4103, LogLevel.Warning, "{Setting} was changed, which counts from the next start on.")]
    private static partial void LogNeedsRestart(ILogger log, string setting);
}
