namespace Siberite.Contracts;

/// <summary>What a queue does with the flags of its items.</summary>
public enum ItemFlags
{
    /// <summary>They come back with the item.</summary>
    Kept = 0,

    /// <summary>0 comes back, whatever they were.</summary>
    Zero = 1,
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

    /// <summary>Most items that wait; a <c>set</c> beyond it is answered <c>NOT_STORED</c>. Default 0, no limit: disks
    /// are large and a producer that is refused loses its work.</summary>
    public long MaxItems { get; set; }

    /// <summary>Payload bytes of waiting items from which on a <c>set</c> is answered <c>NOT_STORED</c>; the last item
    /// may go beyond. Default 0, no limit, for the same reason.</summary>
    public long MaxBytes { get; set; }

    /// <summary>Largest payload of one item; a larger one is answered <c>NOT_STORED</c>. Default 0: the gateway's
    /// <c>MaxItemBytes</c> alone counts.</summary>
    public long MaxItemBytes { get; set; }

    /// <summary>Whether a full queue drops its oldest items instead of refusing new ones. Default false: nothing is
    /// dropped that was acknowledged.</summary>
    public bool DiscardOldWhenFull { get; set; }

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
}
