using Siberite.Cluster;
using Siberite.Contracts;
using Rule = Siberite.Server.Settings.SettingRules.Rule;

namespace Siberite.Server.Settings;

/// <summary>What is legal for the settings of a cluster. None of them is looked at in a standalone silo but for its
/// range.</summary>
internal static class ClusterRules
{
    /// <summary>Columns of other tools that know Orleans' tables are this wide.</summary>
    private const int MaxNameLength = 150;

    public static IEnumerable<Rule> All { get; } =
    [
        SettingRules.Number("Cluster:SiloPort", settings => settings.Cluster.SiloPort, 1, ushort.MaxValue),
        Name("Cluster:ClusterId", settings => settings.Cluster.ClusterId, least: 1),
        Name("Cluster:SiloName", settings => settings.Cluster.SiloName, least: 0),
        new("Cluster:ConnectionString", settings => settings.Cluster switch
        {
            { Mode: ClusterMode.Standalone } => null,
            { ConnectionString: "" } => "empty: a cluster needs one, such as "
                + "\"Host=db;Database=siberite;Username=siberite\", by -cluster or in appsettings.Cluster.json",
            { ConnectionString: var text } =>
                ClusterStart.FindTroubleInText(text) is { } trouble ? $"not usable: {trouble}" : null,
        }),
        new("Cluster:SiloListen", settings => settings.Cluster.SiloListen.Length == 0
            || SiloEndpoint.ParseListen(settings.Cluster.SiloListen) is not null
                ? null
                : $"'{settings.Cluster.SiloListen}': must be an IP address, localhost, or * for all addresses"),
        new("Cluster:TlsCertificatePath", settings => IsAllOrNone(
            settings.Cluster.TlsCertificatePath, settings.Cluster.TlsKeyPath, settings.Cluster.TlsAuthorityPath)
                ? null
                : $"'{settings.Cluster.TlsCertificatePath}': must be given together with TlsKeyPath and "
                    + "TlsAuthorityPath, or none of the three"),
    ];

    private static Rule Name(string key, Func<SiloSettings, string> read, int least)
        => new(key, settings => read(settings) is var text && text.Length >= least && text.Length <= MaxNameLength
            && !text.Any(char.IsControl)
                ? null
                : $"'{text}': must be {least} to {MaxNameLength} characters, none of them a control character");

    private static bool IsAllOrNone(params ReadOnlySpan<string> texts)
    {
        var count = 0;
        foreach (var text in texts)
        {
            count += text.Length > 0 ? 1 : 0;
        }

        return count == 0 || count == texts.Length;
    }
}
