using System.Globalization;
using Siberite.Contracts;
using Siberite.Gateway;

namespace Siberite.Server.Settings;

/// <summary>What is legal for each setting, beyond its type. Every number and duration has its line here.</summary>
internal static class SettingRules
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>2^31 - 1 ms, the longest a timer can run.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(int.MaxValue);

    private const long KiB = 1L << 10;
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    private static readonly Rule[] Rules =
    [
        Listens("Gateway:Listen", settings => settings.Gateway.Listen),
        Number("Gateway:MaxConnections", settings => settings.Gateway.MaxConnections, 1, 1_000_000),
        Number("Gateway:MaxConnectionsPerAddress", settings => settings.Gateway.MaxConnectionsPerAddress, 0, 1_000_000),
        Number("Gateway:MaxConnectionRatePerAddress", settings => settings.Gateway.MaxConnectionRatePerAddress, 0,
            1_000_000),
        Number("Gateway:ConnectionLimitRefuseWrites", settings => settings.Gateway.ConnectionLimitRefuseWrites, 0,
            1_000_000),
        Number("Gateway:ConnectionLimitRefuseReads", settings => settings.Gateway.ConnectionLimitRefuseReads, 0,
            1_000_000),
        new("Gateway:AuthFile", settings => ClientCredentials.FindTrouble(settings.Gateway.AuthFile) is { } trouble
            ? $"'{settings.Gateway.AuthFile}': {trouble}"
            : null),
        Number("Gateway:MaxItemBytes", settings => settings.Gateway.MaxItemBytes, 1, GatewayOptions.MaxItemBytesLimit),
        Number("Gateway:MaxLineBytes", settings => settings.Gateway.MaxLineBytes, 512, 1 * MiB),
        Number("Gateway:MaxKeys", settings => settings.Gateway.MaxKeys, 1, 10_000),
        Number("Gateway:MaxTargets", settings => settings.Gateway.MaxTargets, 1, 1_000),
        Number("Gateway:MaxOpenReads", settings => settings.Gateway.MaxOpenReads, 1, 10_000),
        Number("Gateway:MaxMonitoredItems", settings => settings.Gateway.MaxMonitoredItems, 1, 10_000),
        Number("Gateway:MaxPendingReplyBytes", settings => settings.Gateway.MaxPendingReplyBytes, 4 * KiB, 1 * GiB),
        Number("Gateway:MaxInFlightBytes", settings => settings.Gateway.MaxInFlightBytes, 64 * KiB, 1024 * GiB),
        Duration("Gateway:LineTimeout", settings => settings.Gateway.LineTimeout, TimeSpan.Zero, Day),
        Duration("Gateway:DataTimeout", settings => settings.Gateway.DataTimeout, TimeSpan.Zero, Day),
        Duration("Gateway:SendTimeout", settings => settings.Gateway.SendTimeout, TimeSpan.Zero, Day),
        Duration("Gateway:IdleTimeout", settings => settings.Gateway.IdleTimeout, TimeSpan.Zero, LongestTimer),
        Duration("Gateway:MaxWait", settings => settings.Gateway.MaxWait, TimeSpan.Zero, LongestTimer),
        Duration("Gateway:StatusChangeGracePeriod", settings => settings.Gateway.StatusChangeGracePeriod, TimeSpan.Zero,
            LongestTimer),
        Duration("Gateway:DrainTimeout", settings => settings.Gateway.DrainTimeout, TimeSpan.Zero, Day),
        new("Storage:DataDirectory", settings => settings.Storage.DataDirectory.Length == 0
            ? "'': must be a path"
            : null),
        Duration("Storage:SyncInterval", settings => settings.Storage.SyncInterval, Millisecond, Day),
        Number("Storage:ReserveBytes", settings => settings.Storage.ReserveBytes, 0, 1024 * GiB),
        Number("Storage:BlockCacheBytes", settings => settings.Storage.BlockCacheBytes, 1 * MiB, 1024 * GiB),
        Number("Storage:MemtableBytes", settings => settings.Storage.MemtableBytes, 1 * MiB, 4 * GiB),
        Number("Storage:PackedItemBytes", settings => settings.Storage.PackedItemBytes, 0, 1 * GiB),
        Number("Storage:PackedBatchBytes", settings => settings.Storage.PackedBatchBytes, 0, 1 * GiB),
        Number("Storage:LargeItemBytes", settings => settings.Storage.LargeItemBytes, 0, 1 * GiB),
        Number("Engine:PayloadCacheBytes", settings => settings.Engine.PayloadCacheBytes, 0, 1024 * GiB),
        Number("Engine:ReadAheadBytes", settings => settings.Engine.ReadAheadBytes, 4 * KiB, 64 * MiB),
        Number("Engine:MaxMemoryQueueBytes", settings => settings.Engine.MaxMemoryQueueBytes, 1, 1L << 40),
        Number("Engine:MaxQueues", settings => settings.Engine.MaxQueues, 1, 100_000_000),

        // Well below the 15 s that a grain call may take, or replies would be lost.
        Duration("Cluster:WaitSlice", settings => settings.Cluster.WaitSlice, TimeSpan.FromMilliseconds(100),
            TimeSpan.FromSeconds(10)),
        Duration("Cluster:StatsInterval", settings => settings.Cluster.StatsInterval, TimeSpan.Zero, Day),
        .. ClusterRules.All,
        Listens("Admin:Listen", settings => settings.Admin.Listen),
        Number("Admin:MaxMetricQueues", settings => settings.Admin.MaxMetricQueues, 0, 10_000),
        new("Admin:Listen", settings => IsSamePort(settings)
            ? $"'{settings.Admin.Listen}': must be another port than Siberite:Gateway:Listen"
            : null),
        new("Gateway:MaxInFlightBytes", settings =>
            settings.Gateway.MaxInFlightBytes < settings.Gateway.MaxItemBytes
                ? $"{settings.Gateway.MaxInFlightBytes}: must hold one item of Siberite:Gateway:MaxItemBytes"
                : null),
    ];

    /// <summary>The settings that have a rule, without the leading <c>Siberite:</c>.</summary>
    public static IEnumerable<string> Keys
        => Rules.Select(rule => rule.Key).Concat(
            QueueRules.Keys.Select(key => $"Queues:{QueueOptions.DefaultName}:{key}"));

    /// <returns>One sentence for each setting that is not legal.</returns>
    public static IEnumerable<string> Check(SiloSettings settings)
        => from rule in Rules
           let complaint = rule.Check(settings)
           where complaint is not null
           select $"Siberite:{rule.Key} is {complaint}";

    internal static Rule Number(string key, Func<SiloSettings, long> read, long least, long most)
        => new(key, settings => read(settings) is var value && value >= least && value <= most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{value}: must be {least} to {most}"));

    private static Rule Duration(string key, Func<SiloSettings, TimeSpan> read, TimeSpan least, TimeSpan most)
        => new(key, settings => read(settings) is var value && value >= least && value <= most
            ? null
            : $"{value}: must be {least} to {most}");

    private static Rule Listens(string key, Func<SiloSettings, string> read)
        => new(key, settings => ListenAddress.TryParse(read(settings), out _)
            ? null
            : $"'{read(settings)}': must be {ListenAddress.Expected}");

    /// <remarks>Two addresses of one port would do, but nobody who writes that means it. Port 0 is any free
    /// one.</remarks>
    private static bool IsSamePort(SiloSettings settings)
        => ListenAddress.TryParse(settings.Gateway.Listen, out var gateway)
            && ListenAddress.TryParse(settings.Admin.Listen, out var admin)
            && gateway.Port == admin.Port && gateway.Port != 0;

    /// <param name="Key">Without the leading <c>Siberite:</c>.</param>
    /// <param name="Check">The complaint, or <see langword="null"/>.</param>
    internal sealed record Rule(string Key, Func<SiloSettings, string?> Check);
}
