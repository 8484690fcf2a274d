using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A move that this silo is the source of.</summary>
/// <param name="id">Tells it from all others.</param>
/// <param name="name">The queue.</param>
/// <param name="source">This silo's store.</param>
/// <param name="target">Where it goes.</param>
/// <param name="begunAt">When it began, or goes on: Unix milliseconds.</param>
internal sealed class RunningMove(Guid id, QueueName name, StoreId source, StoreId target, long begunAt)
{
    private volatile string? _failure;
    private long _sentCount;
    private long _leftCount;

    public Guid Id => id;

    public QueueName Name => name;

    public StoreId Source => source;

    public StoreId Target => target;

    public MoveStep Step { get; set; }

    public long SentCount
    {
        get => Volatile.Read(ref _sentCount);
        set => Volatile.Write(ref _sentCount, value);
    }

    public long LeftCount
    {
        get => Volatile.Read(ref _leftCount);
        set => Volatile.Write(ref _leftCount, value);
    }

    /// <summary>Completes when the move is over, or the silo stops. Never fails: <see cref="Status"/> tells.</summary>
    public Task End { get; set; } = Task.CompletedTask;

    public MoveStatus Status => new(name.Value, source, target, Step, SentCount, LeftCount, _failure, id, begunAt);

    public void Delay(string reason) => _failure = reason;

    public void Fail(string reason)
    {
        _failure = reason;
        Step = MoveStep.Failed;
    }

    public void Succeed()
    {
        _failure = null;
        LeftCount = 0;
        Step = MoveStep.Done;
    }
}
