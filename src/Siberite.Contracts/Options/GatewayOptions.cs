namespace Siberite.Contracts;

/// <summary>What a client may ask of one silo. Section <c>Siberite:Gateway</c>. Sizes in bytes.</summary>
public sealed class GatewayOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Siberite:Gateway";

    /// <summary>Largest value <see cref="MaxItemBytes"/> may have, 64 MiB: far below the message size Orleans
    /// allows between silos (100 MB).</summary>
    public const int MaxItemBytesLimit = 64 << 20;

    /// <summary>Address and port of the memcache listener. Default <c>127.0.0.1:22133</c>: the port of Kestrel and
    /// Siberite, on loopback because nobody is asked who they are unless there is an <see cref="AuthFile"/>.</summary>
    public string Listen { get; set; } = "127.0.0.1:22133";

    /// <summary>Whether Linux's <c>epoll</c> serves the listener, decision 0020; elsewhere ASP.NET Core's socket
    /// transport does anyway. Default true: it takes a quarter less processor time.</summary>
    public bool Polled { get; set; } = true;

    /// <summary>Most open connections; further ones are closed at once. Default 10,000, or what the limit of open files
    /// leaves beside 340 for the store.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Most open connections of one client address; further ones are closed at once. Default 0, no limit:
    /// behind a load balancer without <see cref="ProxyProtocol"/> all clients have one address.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Most new connections of one client address within a second; further ones are closed at once. Default 0,
    /// no limit, for the same reason.</summary>
    public int MaxConnectionRatePerAddress { get; set; }

    /// <summary>Open connections beyond which a new one may not write, for all its life. Default 0, no limit:
    /// <see cref="MaxConnections"/> is one already.</summary>
    public int ConnectionLimitRefuseWrites { get; set; }

    /// <summary>The same for reads: closes, aborts and confirms stay allowed. Default 0, no limit.</summary>
    public int ConnectionLimitRefuseReads { get; set; }

    /// <summary>A file of <c>user:password</c> lines: a client must then begin with a <c>set</c> whose data is user and
    /// password, as with memcached's <c>-Y</c>. Default empty: nobody is asked. Passwords travel as they are.</summary>
    public string AuthFile { get; set; } = "";

    /// <summary>Whether every connection begins with a PROXY header, version 1 or 2, that names the client; one without
    /// is closed. Default false: anybody who reaches the port could claim any address.</summary>
    public bool ProxyProtocol { get; set; }

    /// <summary>Largest payload of one item in bytes. Default 8 MiB; memcached's own default is 1 MiB, and no client
    /// expects more than the server says.</summary>
    public int MaxItemBytes { get; set; } = 8 << 20;

    /// <summary>Longest command line in bytes, terminator included. Default 8 KiB: 100 keys of 80 bytes.</summary>
    public int MaxLineBytes { get; set; } = 8 << 10;

    /// <summary>Most keys of one <c>get</c>. Default 100, because each one takes an item.</summary>
    public int MaxKeys { get; set; } = 100;

    /// <summary>Most queues of one <c>set a+b</c>. Default 16: each target is a copy.</summary>
    public int MaxTargets { get; set; } = 16;

    /// <summary>Open reads a session may hold on one queue. Default 1, as all three ancestors.</summary>
    public int MaxOpenReads { get; set; } = 1;

    /// <summary>Open reads on one queue with which a session's <c>monitor</c> ends. Default 100, as Kestrel was
    /// shipped.</summary>
    public int MaxMonitoredItems { get; set; } = 100;

    /// <summary>Bytes of replies a session may owe its client before it stops reading. Default 1 MiB.</summary>
    public int MaxPendingReplyBytes { get; set; } = 1 << 20;

    /// <summary>Bytes of half-received items over all sessions; beyond it a <c>set</c> is answered
    /// <c>SERVER_ERROR out of memory</c>. Default 64 MiB.</summary>
    public long MaxInFlightBytes { get; set; } = 64L << 20;

    /// <summary>How long the rest of a started command line may take. Default 30 s; zero for no limit.</summary>
    public TimeSpan LineTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the data of a <c>set</c> may go without a byte. Default 30 s; zero for no limit.</summary>
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may leave replies unread before it is dropped. Default 60 s; zero for no
    /// limit.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a session may be silent between commands. Default zero, no limit: consumers wait.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.Zero;

    /// <summary>Longest wait of <c>get q/t=</c>; longer ones are cut to it. Default 24 days, which is what the
    /// "for ever" of finagle (2^31 - 1 ms) amounts to.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromDays(24);

    /// <summary>Whether an item's exptime is honoured. Default true. False ignores it, as Darner and Siberite
    /// did.</summary>
    public bool HonourExpiration { get; set; } = true;

    /// <summary>Whether <c>flush_all</c> is allowed. Default true, as in the ancestors; it drops every item.</summary>
    public bool AllowFlushAll { get; set; } = true;

    /// <summary>Whether <c>reload</c> is allowed. Default false, unlike Kestrel: a client is not known to be an
    /// operator. Changed files are read again without it.</summary>
    public bool AllowReload { get; set; }

    /// <summary>What a <c>+</c> in a key means. <c>MultiSet</c>: <c>set a+b</c> stores in both queues, and nothing else
    /// may name two. <c>Fanout</c>: <c>a+b</c> is a child of queue <c>a</c>, which gets a copy of all that is set into
    /// <c>a</c> from the first time it is named. Default <c>MultiSet</c>, as in Siberite; <c>Fanout</c> is Kestrel's.
    /// The same on all silos of a cluster.</summary>
    public PlusMeaning Plus { get; set; } = PlusMeaning.MultiSet;

    /// <summary>Whether <c>status s</c> may change the silo's status. Default false, unlike Kestrel, for the same
    /// reason; <c>status</c> alone tells it to anybody.</summary>
    public bool AllowStatusChange { get; set; }

    /// <summary>Whether <c>shutdown</c> stops the silo. Default false, unlike Kestrel, for the same reason.</summary>
    public bool AllowShutdown { get; set; }

    /// <summary>The silo's status until one is set: <c>Up</c>, <c>WriteAvoid</c>, <c>ReadOnly</c> or <c>Quiescent</c>.
    /// Default <c>Up</c>: a first start serves. One that was set is kept across restarts.</summary>
    public ServiceStatus DefaultStatus { get; set; } = ServiceStatus.Up;

    /// <summary>How long a stricter status waits before it counts, so that load balancers and clients can go first; a
    /// less strict one counts at once. Default zero, at once, as in Kestrel.</summary>
    public TimeSpan StatusChangeGracePeriod { get; set; } = TimeSpan.Zero;

    /// <summary>Which silos <c>stats</c> speaks of: <c>Cluster</c> or <c>Silo</c>. Default <c>Cluster</c>, which is
    /// right behind a load balancer; clients that list every silo and add the values want <c>Silo</c>.</summary>
    public StatsScope StatsScope { get; set; } = StatsScope.Cluster;

    /// <summary>Which keys <c>stats</c> has for each queue: <c>Siberite</c> or <c>Kestrel</c>. Default <c>Siberite</c>:
    /// Siberite's own client takes some of Kestrel's for further queues.</summary>
    public StatsProfile StatsProfile { get; set; } = StatsProfile.Siberite;

    /// <summary>How long a stopping silo lets sessions finish. Default 5 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
