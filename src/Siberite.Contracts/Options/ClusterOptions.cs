namespace Siberite.Contracts;

/// <summary>Which way a gateway takes to a queue whose home is its own silo.</summary>
public enum QueueRoute
{
    /// <summary>Straight to the engine, once the grain has opened the queue.</summary>
    Direct = 0,

    /// <summary>Through the grain, as to another silo. Slower; for tests that hold both ways to the same
    /// bytes.</summary>
    Grain = 1,
}

/// <summary>Where a new strict queue gets its home.</summary>
public enum NewQueues
{
    /// <summary>On any silo, by the queue's name: all gateways propose the same one.</summary>
    Spread = 0,

    /// <summary>On the silo whose client makes it.</summary>
    Local = 1,
}

/// <summary>Whether a silo has others.</summary>
public enum ClusterMode
{
    /// <summary>One silo, no port between silos, nothing to install.</summary>
    Standalone = 0,

    /// <summary>One of several silos that find each other through PostgreSQL.</summary>
    Cluster = 1,
}

/// <summary>How soon a silo that does not answer is declared dead. The times are in <c>operations.md</c>.</summary>
public enum MembershipProfile
{
    /// <summary>The runtime's own times: calm on machines that pause, about a minute for a lost machine.</summary>
    Default = 0,

    /// <summary>Some seconds for either; for machines with cores to spare, or healthy silos are evicted.</summary>
    Fast = 1,
}

/// <summary>How silos form a cluster. Section <c>Siberite:Cluster</c>.</summary>
public sealed class ClusterOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Cluster";

    /// <summary><c>Standalone</c> or <c>Cluster</c>. Default <c>Standalone</c>: a first start needs nothing
    /// else.</summary>
    public ClusterMode Mode { get; set; } = ClusterMode.Standalone;

    /// <summary>The PostgreSQL database that all silos share, as Npgsql writes it
    /// (<c>Host=db;Database=siberite;Username=siberite</c>). Default empty: only a cluster has one. May hold a
    /// password, so it is never logged.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Silos with the same one are one cluster; several clusters may share a database. Default
    /// <c>siberite</c>. At most 150 characters, the width of its column.</summary>
    public string ClusterId { get; set; } = "siberite";

    /// <summary>What people call this silo. Default empty: <c>siberite-</c> and the first 8 digits of its store
    /// id.</summary>
    public string SiloName { get; set; } = "";

    /// <summary>TCP port for the other silos. Default 11111, the runtime's own.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>IP address or host name at which the other silos reach this one; a name is looked up once, at the
    /// start. Default empty: <see cref="SiloListen"/>, or else the address the gateway listens on.</summary>
    public string AdvertisedAddress { get; set; } = "";

    /// <summary>IP address to accept other silos on, <c>localhost</c>, or <c>*</c> for all. Default empty: loopback if
    /// that is what is advertised, all addresses otherwise, because behind a translated address there is no interface
    /// with the advertised one.</summary>
    public string SiloListen { get; set; } = "";

    /// <summary>How soon silos give up on each other: <c>Default</c> or <c>Fast</c>. Default <c>Default</c>: a false
    /// eviction costs more than a slow one.</summary>
    public MembershipProfile Membership { get; set; } = MembershipProfile.Default;

    /// <summary>PEM file with this silo's certificate, for both directions of the silo port. Default empty: no TLS
    /// between silos. The three TLS settings are given together or not at all.</summary>
    public string TlsCertificatePath { get; set; } = "";

    /// <summary>PEM file with the certificate's private key, not encrypted. Default empty: no TLS between
    /// silos.</summary>
    public string TlsKeyPath { get; set; } = "";

    /// <summary>PEM file with the authority that signed the certificates of all silos. Default empty: no TLS between
    /// silos. No other authority is trusted, the system's least of all: whoever gets in may call every grain.</summary>
    public string TlsAuthorityPath { get; set; } = "";

    /// <summary>The way to queues of this silo: <c>Direct</c> or <c>Grain</c>. Default <c>Direct</c>, a third of the
    /// cost.</summary>
    public QueueRoute LocalRoute { get; set; } = QueueRoute.Direct;

    /// <summary>How long one slice of a remote wait lasts before the gateway renews it. Default 5 s: no call is parked
    /// in a grain for long.</summary>
    public TimeSpan WaitSlice { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How old that may be which <c>stats</c> tells of all queues of other silos. Default 1 s: a flood of
    /// questions to one silo must not become a flood to all. 0 asks each time.</summary>
    public TimeSpan StatsInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Where new queues get their home: <c>Spread</c> over all silos that are not being drained, or
    /// <c>Local</c>, on the silo whose client makes them. Default <c>Spread</c>: behind a load balancer it is chance
    /// which silo a client is on.</summary>
    public NewQueues NewQueues { get; set; } = NewQueues.Spread;
}
