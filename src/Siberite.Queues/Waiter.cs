using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>One session's wait for an item of one reader.</summary>
internal sealed class Waiter(QueueReader reader, SessionId session, TakeMode mode)
    : TaskCompletionSource<TakeResult>(TaskCreationOptions.RunContinuationsAsynchronously), IDisposable
{
    private ITimer? _timer;

    public SessionId Session => session;

    public TakeMode Mode => mode;

    /// <summary>Whether it is an operator's, whom a paused queue serves.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>Whether its time is over and it only waits for a read of the store that is under way.</summary>
    public bool HasRunOut { get; set; }

    /// <summary>Whether it goes on when the queue turns out empty: not if it never had time to wait.</summary>
    public bool OutlastsEmptyQueue => _timer is not null && !HasRunOut;

    public LinkedListNode<Waiter>? Place { get; set; }

    public void StartTimer(TimeProvider time, TimeSpan wait)
        => _timer = time.CreateTimer(
            static state => ((Waiter)state!).RunOut(), this, wait, Timeout.InfiniteTimeSpan);

    /// <summary>Takes it out of the line.</summary>
    public void Leave()
    {
        Place!.List!.Remove(Place);
        Place = null;
        Dispose();
    }

    public void Dispose() => _timer?.Dispose();

    private void RunOut() => reader.EndWait(this);
}
