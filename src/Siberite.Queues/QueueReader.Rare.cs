using Siberite.Contracts;

namespace Siberite.Queues;

// What few readers ever need. In an object of its own, made when it is first written to: of a hundred thousand readers
// most keep nothing of it.
internal sealed partial class QueueReader
{
    private RareState? _rare;

    public long AbortedCount { get => _rare?.AbortedCount ?? 0; private set => Rare.AbortedCount = value; }

    public long ExpiredCount { get => _rare?.ExpiredCount ?? 0; private set => Rare.ExpiredCount = value; }

    /// <summary>Open reads whose session was lost or whose lease ran out.</summary>
    public long FailedCount { get => _rare?.FailedCount ?? 0; private set => Rare.FailedCount = value; }

    public long DeadLetterCount { get => _rare?.DeadLetterCount ?? 0; private set => Rare.DeadLetterCount = value; }

    public long RetriedCount { get => _rare?.RetriedCount ?? 0; private set => Rare.RetriedCount = value; }

    private RareState Rare => _rare ??= new RareState();

    /// <summary>Null as long as the queue's settings never asked for it.</summary>
    private DeliveryCounts? DeliveryCounts
    {
        get => _rare?.DeliveryCounts;
        set => Rare.DeliveryCounts = value;
    }

    /// <summary>Null as long as nothing could expire.</summary>
    private ExpiryAlarm? HeadAlarm { get => _rare?.HeadAlarm; set => Rare.HeadAlarm = value; }

    /// <summary>Null as long as there was no lease.</summary>
    private LeaseAlarm? LeasesAlarm { get => _rare?.LeasesAlarm; set => Rare.LeasesAlarm = value; }

    private LeaveAlarm? LeavingAlarm { get => _rare?.LeavingAlarm; set => Rare.LeavingAlarm = value; }

    private bool IsLeaving { get => _rare?.IsLeaving == true; set => Rare.IsLeaving = value; }

    /// <summary>Items on their way out, by sequence.</summary>
    private SortedDictionary<long, LeavingItem>? Leaving { get => _rare?.Leaving; set => Rare.Leaving = value; }

    /// <summary>Open reads that a batch closes which gives their items to another queue.</summary>
    private List<(long Batch, SessionId Session, long Sequence)>? Passing
    {
        get => _rare?.Passing;
        set => Rare.Passing = value;
    }

    private Task<long>? RunningSweep { get => _rare?.RunningSweep; set => Rare.RunningSweep = value; }

    /// <summary>Expired items that the sweep under way may still take.</summary>
    private int SweepLeft { get => _rare?.SweepLeft ?? 0; set => Rare.SweepLeft = value; }

    private sealed class RareState
    {
        public long AbortedCount { get; set; }

        public long ExpiredCount { get; set; }

        public long FailedCount { get; set; }

        public long DeadLetterCount { get; set; }

        public long RetriedCount { get; set; }

        public DeliveryCounts? DeliveryCounts { get; set; }

        public ExpiryAlarm? HeadAlarm { get; set; }

        public LeaseAlarm? LeasesAlarm { get; set; }

        public LeaveAlarm? LeavingAlarm { get; set; }

        public bool IsLeaving { get; set; }

        public SortedDictionary<long, LeavingItem>? Leaving { get; set; }

        public List<(long Batch, SessionId Session, long Sequence)>? Passing { get; set; }

        public Task<long>? RunningSweep { get; set; }

        public int SweepLeft { get; set; }
    }
}
