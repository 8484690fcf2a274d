using System.Globalization;
using System.Net;
using Siberite.Cluster;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Server.Settings;

namespace Siberite.Server.Hosting;

/// <summary>Tells whoever started the server what it serves, where, and what it promises.</summary>
internal static partial class StartReport
{
    /// <param name="log">Where to.</param>
    /// <param name="settings">All settings.</param>
    /// <param name="queues">As found in the data directory.</param>
    /// <param name="urls">What Kestrel listens on: the gateway first, then the pages, in the order they were
    /// configured. Ports that were left open are in them.</param>
    public static void Log(ILogger log, SiloSettings settings, LocalQueues queues, ICollection<string> urls)
    {
        var addresses = urls.Select(url => new Uri(url).Authority).ToArray();
        LogServes(log, SiloProcess.Version, addresses[0]);
        LogFound(log, settings.Storage.DataDirectory, queues.StoreId, Count(queues.QueueCount, "queue"),
            Count(queues.ItemCount, "item"));
        LogPromise(log, settings.Storage.Durability, PromiseOf(settings.Storage));
        LogPages(log, addresses[1]);
        if (settings.Cluster.Mode == ClusterMode.Cluster)
        {
            ReportCluster(log, settings.Cluster, queues.StoreId);
        }

        if (settings.Gateway.AuthFile.Length == 0)
        {
            WarnUnlessLoopback(log, "memcache", settings.Gateway.Listen);
        }

        WarnUnlessLoopback(log, "admin", settings.Admin.Listen);
    }

    private static void ReportCluster(ILogger log, ClusterOptions options, StoreId store)
    {
        var silo = SiloEndpoint.Of(options);
        LogCluster(
            log, SiberiteClusterHosting.NameOf(options, store), options.ClusterId, silo.Advertised,
            ClusterStart.Describe(options), options.Membership);
        if (!IPAddress.IsLoopback(silo.Listen.Address) && options.TlsCertificatePath.Length == 0)
        {
            LogOpenSiloPort(log, silo.Listen);
        }
    }

    /// <summary>What <c>STORED</c> means, in a plain sentence.</summary>
    public static string PromiseOf(StorageOptions options) => options.Durability switch
    {
        Durability.Always => "the item is on disk and survives a power cut",
        Durability.Interval =>
            $"the item survives a crash of this process; a power cut may lose the last {Interval(options)}",
        _ => "the item survives a crash of this process; a power cut may lose what the system had not yet written",
    };

    private static string Interval(StorageOptions options)
        => string.Create(CultureInfo.InvariantCulture, $"{options.SyncInterval.TotalMilliseconds:0} ms");

    private static string Count(long count, string noun)
        => string.Create(CultureInfo.InvariantCulture, $"{count:#,0} {noun}{(count == 1 ? "" : "s")}");

    private static void WarnUnlessLoopback(ILogger log, string protocol, string listen)
    {
        if (!IPAddress.IsLoopback(ListenAddress.Parse(listen).Address))
        {
            LogExposed(log, protocol, listen);
        }
    }

    [LoggerMessage(4010, LogLevel.Information, "Siberite {Version} serves memcache on {Address}.")]
    private static partial void LogServes(ILogger log, string version, string address);

    [LoggerMessage(4011, LogLevel.Information, "Data in {DataDirectory} (store {Store}): {Queues}, {Items}.")]
    private static partial void LogFound(ILogger log, string dataDirectory, StoreId store, string queues, string items);

    [LoggerMessage(4012, LogLevel.Information, "Durability {Durability}: STORED means {Promise}.")]
    private static partial void LogPromise(ILogger log, Durability durability, string promise);

    [LoggerMessage(4013, LogLevel.Information, "Pages on http://{Address}/, metrics on http://{Address}/metrics.")]
    private static partial void LogPages(ILogger log, string address);

    [LoggerMessage(4014, LogLevel.Warning,
        "The {Protocol} address {Listen} is open to other machines, and its protocol has no authentication.")]
    private static partial void LogExposed(ILogger log, string protocol, string listen);

    [LoggerMessage(4015, LogLevel.Information,
        "Silo {Name} of cluster {ClusterId}, reached by others at {Address}; {Database}; membership {Membership}.")]
    private static partial void LogCluster(
        ILogger log, string name, string clusterId, IPEndPoint address, string database, MembershipProfile membership);

    [LoggerMessage(4016, LogLevel.Warning,
        "The silo port {Address} is open to other machines without TLS: whoever reaches it can read and change every "
        + "queue. Set Siberite:Cluster:TlsCertificatePath, TlsKeyPath and TlsAuthorityPath, or keep it in a network "
        + "of its own.")]
    private static partial void LogOpenSiloPort(ILogger log, IPEndPoint address);
}
