namespace Siberite.Contracts;

/// <summary>What a queue does with the flags of its items.</summary>
public enum ItemFlags
{
    /// <summary>They come back with the item.</summary>
    Kept = 0,

    /// <summary>0 comes back, whatever they were.</summary>
    Zero = 1,
}

/// <summary>What <c>STORED</c> means of a queue.</summary>
public enum QueueDurability
{
    /// <summary>What <see cref="StorageOptions.Durability"/> says.</summary>
    Server = 0,

    /// <summary>As <see cref="Durability.Always"/>.</summary>
    Always = 1,

    /// <summary>As <see cref="Durability.Interval"/>.</summary>
    Interval = 2,

    /// <summary>As <see cref="Durability.Os"/>.</summary>
    Os = 3,
}

/// <summary>What one queue is told. Sections <c>Siberite:Queues:&lt;name&gt;</c>. Sizes in bytes.</summary>
/// <remarks>
/// What is not set in a queue's own section is taken from the name patterns that match it, then from <c>default</c>,
/// then from here. Once resolved, an instance is shared by queues and never changed. Zero means no limit everywhere, so
/// that a narrower section can lift one.
/// </remarks>
public sealed class QueueOptions
{
    /// <summary>The configuration section above those of the queues.</summary>
    public const string Section = "Siberite:Queues";

    /// <summary>The name of the section that holds for all queues.</summary>
    public const string DefaultName = "default";

    /// <summary>Whether the queue has one home and strict order (<c>Strict</c>), or a shard on each silo
    /// (<c>Loose</c>). Default <c>Strict</c>: order is what a queue is asked for. Counts when a queue is
    /// created.</summary>
    public QueueMode Mode { get; set; } = QueueMode.Strict;

    /// <summary>What <c>STORED</c> means of this queue, if not what it means on the silo. Default <c>Server</c>. Counts
    /// for what is set from then on.</summary>
    public QueueDurability Durability { get; set; } = QueueDurability.Server;

    /// <summary>Most items that wait; a <c>set</c> beyond it is answered <c>NOT_STORED</c>. Default 0, no limit: disks
    /// are large and a producer that is refused loses its work.</summary>
    public long MaxItems { get; set; }

    /// <summary>Payload bytes of waiting items from which on a <c>set</c> is answered <c>NOT_STORED</c>; the last item
    /// may go beyond. Default 0, no limit, for the same reason.</summary>
    public long MaxBytes { get; set; }

    /// <summary>Largest payload of one item; a larger one is answered <c>NOT_STORED</c>. Default 0: the gateway's
    /// <c>MaxItemBytes</c> alone counts.</summary>
    public long MaxItemBytes { get; set; }

    /// <summary>Whether items are on disk (true), or in memory alone and gone with the process (false). Default true: a
    /// queue that forgets is a choice. What is there is kept as it was set: the queue goes over when it is
    /// empty.</summary>
    public bool KeepJournal { get; set; } = true;

    /// <summary>Memory from which on a queue without a journal is full, in bytes; each item counts 120 more than its
    /// payload. Default 64 MiB: half of what Kestrel kept in memory of a queue that was on disk as well.</summary>
    public long MaxMemoryBytes { get; set; } = 64L << 20;

    /// <summary>Whether a full queue drops its oldest items instead of refusing new ones. Default false: nothing is
    /// dropped that was acknowledged.</summary>
    public bool DiscardOldWhenFull { get; set; }

    /// <summary>Most cursors (<c>get q.cursor</c>) the queue may have; a further one is refused. Default 64: each is
    /// written at every commit that moves it. Here zero means none.</summary>
    public int MaxCursors { get; set; } = 64;

    /// <summary>Age from which on items are dropped, read or not. Meant for queues that only cursors read. Default
    /// zero, no limit: nothing is dropped that was acknowledged.</summary>
    public TimeSpan RetentionAge { get; set; } = TimeSpan.Zero;

    /// <summary>Payload bytes beyond which the oldest items are dropped, read or not. Default 0, no limit, for the same
    /// reason.</summary>
    public long RetentionBytes { get; set; }

    /// <summary>Items beyond which the oldest are dropped, read or not. Default 0, no limit, for the same
    /// reason.</summary>
    public long RetentionItems { get; set; }

    /// <summary>Whether items are dropped once every cursor has closed them. Default false: a cursor that comes later
    /// may want them, and the default reader alone takes items out of a queue.</summary>
    public bool RetentionUntilRead { get; set; }

    /// <summary>Payload bytes of waiting items from which on a queue with cursors is reported as held by them, in the
    /// log, the statistics and the metrics. Default 1 GiB: what nobody should find out from a full disk. Zero for
    /// never.</summary>
    public long CursorWarningBytes { get; set; } = 1L << 30;

    /// <summary>Whether a queue keeps nothing itself and only its children do (<c>Plus</c> = <c>Fanout</c>). Without
    /// children a <c>set</c> is then answered <c>STORED</c> and kept nowhere. Default false.</summary>
    public bool FanoutOnly { get; set; }

    /// <summary>Whether items come with the flags they were set with (<c>Kept</c>), or with 0 as from Siberite, Darner
    /// and Kestrel (<c>Zero</c>). Default <c>Kept</c>: typed values of any memcache client survive. They are stored
    /// either way.</summary>
    public ItemFlags Flags { get; set; } = ItemFlags.Kept;

    /// <summary>Whether reads are refused with <c>SERVER_ERROR queue paused</c>; sets, closes and aborts go on. Default
    /// false: it is what an operator does while consumers are mended.</summary>
    public bool Paused { get; set; }

    /// <summary>How long every item is kept back before it goes to the tail, unless its <c>set q/delay=</c> says
    /// otherwise. Default zero: at once.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.Zero;

    /// <summary>How long the id of a <c>set q/id=</c> is remembered; zero for as long as <see cref="DedupMaxIds"/> has
    /// room. Default 10 min: longer than any client tries again.</summary>
    public TimeSpan DedupWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many ids are remembered, the last ones; 1 to 10,000,000. Default 100,000: a few megabytes of
    /// disk.</summary>
    public int DedupMaxIds { get; set; } = 100_000;

    /// <summary>How long an open read may stay open before it goes back, unless it is touched; zero for ever. Default
    /// zero, as in the ancestors: a consumer's death is seen by its connection's.</summary>
    public TimeSpan OpenReadTimeout { get; set; } = TimeSpan.Zero;

    /// <summary>How often an item may be opened in vain before it goes to <see cref="DeadLetterQueue"/>; 0 for any
    /// number, up to 65,535. A lost connection, a lease that ran out and a crash count, an abort does not. Default 0:
    /// nothing leaves its queue unasked.</summary>
    public int MaxDeliveries { get; set; }

    /// <summary>Where items go that were opened <see cref="MaxDeliveries"/> times in vain; a <c>*</c> in it stands for
    /// the queue's name. Empty: they stay. Default <c>*_errors</c>, the habit of the Ruby clients. A queue whose own
    /// name is of that form keeps its items.</summary>
    public string DeadLetterQueue { get; set; } = "*_errors";

    /// <summary>How long an item that was opened in vain is kept back, the first time; doubled each time. Default zero:
    /// it goes back to its place at once, before all others.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.Zero;

    /// <summary>Longest time that <see cref="RetryDelay"/> grows to. Default 1 h: somebody may have mended something by
    /// then.</summary>
    public TimeSpan RetryMaxDelay { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an item is served at most, from its append on, whatever its exptime; zero for no limit. Counts
    /// for items that are there already. Default zero.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.Zero;

    /// <summary>Where expired items go, as if they were set there without an exptime; a <c>*</c> in it stands for the
    /// queue's name. Default empty: they are dropped, as in memcache.</summary>
    public string ExpireToQueue { get; set; } = "";

    /// <summary>How many expired items one pass of the background drops or moves; zero for no limit. Default 1,000: a
    /// millisecond, and the rest follows at once.</summary>
    public int MaxExpireSweep { get; set; } = 1_000;

    /// <summary>How long after its creation a queue that is empty, and that nobody waits for, is deleted; zero for
    /// never. Default zero.</summary>
    public TimeSpan MaxQueueAge { get; set; } = TimeSpan.Zero;
}
