namespace Siberite.Queues;

// What few queues ever need, in an object of its own: as with its readers.
public sealed partial class Queue
{
    private RareState? _rare;

    private RareState Rare => _rare ??= new RareState();

    private long DiscardedCount { get => _rare?.DiscardedCount ?? 0; set => Rare.DiscardedCount = value; }

    private long PurgeCount { get => _rare?.PurgeCount ?? 0; set => Rare.PurgeCount = value; }

    private long DuplicateCount { get => _rare?.DuplicateCount ?? 0; set => Rare.DuplicateCount = value; }

    /// <summary>Null as long as there was no set with an id.</summary>
    private SeenIds? Ids { get => _rare?.Ids; set => Rare.Ids = value; }

    private long LastIdBatch { get => _rare?.LastIdBatch ?? 0; set => Rare.LastIdBatch = value; }

    /// <summary>Null as long as there was no item that was not due.</summary>
    private DelayedItems? Delayed { get => _rare?.Delayed; set => Rare.Delayed = value; }

    private DelayedAlarm? DueAlarm { get => _rare?.DueAlarm; set => Rare.DueAlarm = value; }

    /// <summary>Of the items closed behind an open one, so many are no longer in memory.</summary>
    private long ClosedLetGo { get => _rare?.ClosedLetGo ?? 0; set => Rare.ClosedLetGo = value; }

    private sealed class RareState
    {
        public long DiscardedCount { get; set; }

        public long PurgeCount { get; set; }

        public long DuplicateCount { get; set; }

        public SeenIds? Ids { get; set; }

        public long LastIdBatch { get; set; }

        public DelayedItems? Delayed { get; set; }

        public DelayedAlarm? DueAlarm { get; set; }

        public long ClosedLetGo { get; set; }
    }
}
