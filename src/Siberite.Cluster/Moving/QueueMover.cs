using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Moves queues from this silo to others, and answers for those that come.</summary>
/// <remarks>
/// A move has one moment at which the queue changes hands: when the source has on disk that it departed. Before it the
/// source has everything and the target a copy that counts for nothing; after it the target has everything, on disk,
/// and the source never serves its copy again, whatever happens.
/// <code>
/// crash after                       source                 target                   home
/// 1 target received the offer       serves                 drops the copy           source
/// 2 some items were sent            serves                 drops the copy           source
/// 3 stillness, rest was sent        serves                 drops the copy           source
/// 4 target has all on disk          serves; if asked, it   asks the source, then    source
///                                   never departed         drops the copy
/// 5 source departed                 goes on with 6         keeps the copy until 6   target, away till 6
/// 6 target adopted the queue        goes on with 7         serves                   target
/// 7 directory names the target      goes on with 8         serves                   target
/// 8 source dropped its copy         is done                serves; asks, forgets    target
/// </code>
/// Steps 6 to 8 are repeated until they succeed, also by the source's next run. This part sends; <c>Arrivals</c>
/// receives.
/// </remarks>
internal sealed partial class QueueMover : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Payload bytes in one call: 1 MiB, as large as Orleans likes a message to be.</summary>
    internal const long MaxBytesPerCall = 1 << 20;

    /// <summary>Items left at which the queue is held still. 1,000: a few milliseconds.</summary>
    private const long FewItems = 1_000;

    /// <summary>Times the copying catches up before the queue is held still all the same. 20: a producer that is faster
    /// than the copying would never let it end.</summary>
    private const int MaxRounds = 20;

    /// <summary>How long open reads have to end once the queue stands still; those left go back to their places.
    /// 500 ms: what is on its way to a socket ends in it, and nobody waits long.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a client waits at most for a queue that stands still. 5 s: below the time-outs of common
    /// clients.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Pause before a step that must succeed is tried again, and between looks at moves that were left
    /// over. 1 s.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Moves that are remembered after their end. 1,000: what an operator may want to look back at.</summary>
    private const int MaxRemembered = 1_000;

    private readonly LocalQueues _queues;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<QueueMover> _log;
    private readonly ConcurrentDictionary<Guid, RunningMove> _running = new();
    private readonly RunTimeSettings _settings;
    private readonly ConcurrentQueue<MoveStatus> _ended = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new(); // One move per name.

    public QueueMover(
        LocalQueues queues, RunTimeSettings settings, IGrainFactory grains, TimeProvider time, ILogger<QueueMover> log)
    {
        _queues = queues;
        _settings = settings;
        _grains = grains;
        _time = time;
        _log = log;
    }

    /// <summary>Called after each step of a move with its number in the table; may throw. For tests.</summary>
    internal Action<int>? AfterStep { get; set; }

    /// <summary>Begins a move.</summary>
    /// <returns>The move; its end can be awaited.</returns>
    /// <exception cref="SiberiteException">There is no such queue here, or it is moving already.</exception>
    public RunningMove Begin(QueueName name, StoreId target)
    {
        if (target == _queues.StoreId)
        {
            throw Refusal($"Queue {name} is at home there already.");
        }

        if (name.IsChild || _queues.HasChildren(name))
        {
            throw new SiberiteException(
                SiberiteError.NotForThisQueue, $"Queue {name} is part of a fanout: it cannot be moved.", inner: null);
        }

        var queue = _queues.Find(name) ?? throw Refusal($"There is no queue {name} on this silo.");
        lock (_gate)
        {
            if (_running.Values.Any(other => other.Name == name))
            {
                throw new SiberiteException(
                    SiberiteError.QueueMoving, $"Queue {name} is moving already.", inner: null);
            }

            var move = new RunningMove(Guid.NewGuid(), name, _queues.StoreId, target, NowMilliseconds());
            _running[move.Id] = move;
            move.End = Task.Run(() => RunAsync(move, queue)); // Not within the turn of the grain that asks.
            return move;
        }
    }

    /// <summary>Moves from here, running ones first.</summary>
    public MoveStatus[] List() => [.. _running.Values.Select(move => move.Status), .. _ended.Reverse()];

    /// <summary>What this silo, as a source, says of a move.</summary>
    public MoveWord Ask(Guid move)
        => _queues.Moves.Any(known => known.Id == move && known.Stage == MoveStage.Departed) ? MoveWord.Departed
            : _running.ContainsKey(move) ? MoveWord.UnderWay
            : MoveWord.Unknown;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(QueueMover),
            ServiceLifecycleStage.Active,
            cancellation =>
            {
                ResumeLeftovers();
                return Task.CompletedTask;
            },
            cancellation => _stopping.CancelAsync());

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(RunningMove move, Queue queue)
    {
        var isStill = false;
        try
        {
            var target = TargetOf(move);
            var extent = queue.GetExtent();
            await target.ReceiveAsync(move.Id, move.Name, move.Source, extent.CreatedAt);
            AfterStep?.Invoke(1);
            var next = await CopyAsync(move, queue, target, extent.Position);
            AfterStep?.Invoke(2);
            isStill = queue.TryHoldStill(Patience);
            if (!isStill)
            {
                throw Refusal($"Queue {move.Name} was deleted.");
            }

            await HandOverAsync(move, queue, target, next);
            AfterStep?.Invoke(4);
            await _queues.Commits.WaitAsync(_queues.Depart(move.Id, queue, move.Target));
        }
#pragma warning disable CA1031 // Whatever it is, the queue must be let go and the operator told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await GiveUpAsync(move, isStill ? queue : null, e);
            return;
        }

        await FinishAsync(move);
    }

    /// <summary>Copies while the queue is served, until little is left.</summary>
    private async Task<long> CopyAsync(RunningMove move, Queue queue, IMovesGrain target, long next)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var extent = queue.GetExtent();
            next = Math.Max(next, extent.Position);
            move.LeftCount = extent.Tail - next;
            if (extent.Tail - next <= FewItems)
            {
                break;
            }

            next = await SendAsync(move, queue, target, next, extent.Tail);
        }

        return next;
    }

    private async Task HandOverAsync(RunningMove move, Queue queue, IMovesGrain target, long next)
    {
        move.Step = MoveStep.HandingOver;
        await WaitForOpenReadsAsync(queue);
        var extent = queue.GetExtent();
        await _queues.Commits.WaitAsync(extent.LastAppend);
        next = Math.Max(next, extent.Position);
        await SendAsync(move, queue, target, next, extent.Tail);
        await SendExtrasAsync(move, queue, target);
        AfterStep?.Invoke(3);
        var end = queue.Seal();
        await target.CompleteAsync(move.Id, new MovedPlace(
            end.Reader.Position, end.Reader.ClosedBytes, end.Reader.Closed.ToArray(), end.Tail, end.AppendedBytes)
        {
            Cursors = [.. end.Cursors.Select(ToMoved)],
        });
    }

    private async Task WaitForOpenReadsAsync(Queue queue)
    {
        var start = _time.GetTimestamp();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10), _time);
        while (queue.HeldItemCount > 0 && _time.GetElapsedTime(start) < Grace)
        {
            await tick.WaitForNextTickAsync(_stopping.Token);
        }
    }

    /// <returns>The first sequence that was not sent.</returns>
    private async Task<long> SendAsync(RunningMove move, Queue queue, IMovesGrain target, long next, long limit)
    {
        while (next < limit)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            var items = queue.ReadForMove(next, limit, MaxBytesPerCall, out var reached);
            if (reached == next)
            {
                break; // Not written yet, or lost: then the reader steps over it there as it would here.
            }

            if (items.Count > 0)
            {
                await target.AddAsync(move.Id, [.. items.Select(ToMoved)]);
            }

            move.SentCount += items.Count;
            move.LeftCount = limit - reached;
            next = reached;
        }

        return next;
    }

    private static MovedItem ToMoved(StoredItem item)
        => new(
            item.Header.Sequence, item.Payload, item.Header.Flags, item.Header.EnqueuedAt, item.Header.ExpiresAt,
            item.Header.AppendedBytes, item.Header.Deliveries);

    private static MovedCursor ToMoved(StoredCursor cursor)
        => new(
            cursor.Number, cursor.Record.Name, cursor.Record.CreatedAt, cursor.State.Position, cursor.State.ClosedBytes,
            cursor.State.Closed.ToArray());

    private async Task GiveUpAsync(RunningMove move, Queue? still, Exception e)
    {
        if (_queues.Commits.HasFailed && Ask(move.Id) == MoveWord.Departed)
        {
            // Whether the departure is on disk is unknown: nobody may be served before the next run has read it.
            move.Fail(e.Message);
            Remember(move);
            return;
        }

        LogFailed(_log, move.Name.Value, move.Target, e);
        still?.LetGo();
        move.Fail(e.Message);
        Remember(move);
        try
        {
            await TargetOf(move).EndAsync(move.Id);
        }
        catch (Exception lost) when (GrainCallFailure.From(lost, move.Name) is not null)
        {
            // The target asks by itself.
        }
    }

    private void Remember(RunningMove move)
    {
        _ended.Enqueue(move.Status); // First: whoever asks meanwhile must not hear that there is no such move.
        _running.TryRemove(move.Id, out _);
        while (_ended.Count > MaxRemembered)
        {
            _ended.TryDequeue(out _);
        }
    }

    private long NowMilliseconds() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private IMovesGrain TargetOf(RunningMove move) => _grains.GetGrain<IMovesGrain>(move.Target.ToString());

    private static SiberiteException Refusal(string text) => new(SiberiteError.QueueUnavailable, text, inner: null);

    [LoggerMessage(2081, LogLevel.Warning, "Queue {Queue} was not moved to store {Target}; it is served as before.")]
    private static partial void LogFailed(ILogger log, string queue, StoreId target, Exception failure);

    [LoggerMessage(2082, LogLevel.Information, "Queue {Queue} was moved to store {Target}, with {ItemCount} items.")]
    private static partial void LogMoved(ILogger log, string queue, StoreId target, long itemCount);

    [LoggerMessage(2083, LogLevel.Warning, "Queue {Queue} departed to store {Target}, which cannot serve it yet.")]
    private static partial void LogWaiting(ILogger log, string queue, StoreId target, Exception failure);

    [LoggerMessage(2084, LogLevel.Warning, "What had come of queue {Queue} was dropped: {Source} kept the queue.")]
    private static partial void LogDropped(ILogger log, string queue, StoreId source);
}
