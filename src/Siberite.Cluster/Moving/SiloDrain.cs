using System.Buffers;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Gives everything this silo has to others, so that it can be retired.</summary>
/// <remarks>
/// Strict queues move, one after the other, spread over the other silos. The items of loose shards are appended to
/// shards of others and then closed here: a crash between the two has them twice, as after any unknown outcome, and
/// never not at all. What comes while this goes on is given away as well; it ends when there is nothing left, and goes
/// on watching until the silo is stopped or told otherwise.
/// </remarks>
internal sealed partial class SiloDrain(
    LocalQueues queues, QueueMover mover, LooseQueues loose, IActiveStores stores, ClusterView view,
    IGrainFactory grains, TimeProvider time, ILogger<SiloDrain> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Pause between rounds. 500 ms: items in the hands of sessions, and queues that could not be moved, are
    /// looked at again.</summary>
    internal static readonly TimeSpan RoundDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>Items of a loose shard on their way at a time. 100: they share a call and a commit.</summary>
    private const int MaxItemsUnderWay = 100;

    /// <summary>Payload bytes after which no more are added to them. 1 MiB, as in other calls.</summary>
    private const int MaxBytesUnderWay = 1 << 20;

    /// <summary>Whose open reads items are on their way: of no gateway. Drawn at random, as those of gateways are.
    /// </summary>
    private readonly SessionId _session = new(Random.Shared.NextInt64(), Number: 1);

    private readonly SemaphoreSlim _turn = new(1);
    private CancellationTokenSource? _running;
    private Task _rounds = Task.CompletedTask;
    private volatile bool _isGiving; // What is gone from here may not be committed, or counted, yet.
    private long _movedCount;
    private volatile string? _failure;

    /// <summary>Whether this silo is to be emptied.</summary>
    public bool IsDraining => loose.IsDraining;

    /// <summary>Begins or ends the drain, also for later runs of this silo. Answers at once; the work goes on.
    /// </summary>
    public async Task SetAsync(bool isDraining)
    {
        await grains.GetGrain<IStoreGrain>(queues.StoreId.ToString()).SetDrainingAsync(isDraining);
        await view.RefreshAsync();
        await RunAsync(isDraining);
    }

    private async Task RunAsync(bool isDraining)
    {
        await _turn.WaitAsync();
        try
        {
            loose.IsDraining = isDraining;
            if (isDraining && _running is null)
            {
                _running = new CancellationTokenSource();
                var stopping = _running.Token;
                _rounds = Task.Run(() => GiveAwayAsync(stopping), CancellationToken.None);
            }
            else if (!isDraining && _running is { } running)
            {
                _running = null;
                await running.CancelAsync();
                await _rounds;
                running.Dispose();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public DrainStatus GetStatus()
    {
        var left = queues.GetStats(name: null);
        var items = left.Sum(queue => queue.ItemCount + queue.OpenReadCount);
        var queueCount = queues.QueueCount;
        var isEmpty = queueCount == 0 && !_isGiving; // In this order.
        return new DrainStatus(
            queues.StoreId, IsDraining, IsDraining && isEmpty, queueCount, items,
            Volatile.Read(ref _movedCount), _failure);
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(SiloDrain),
            ServiceLifecycleStage.Active,
            _ =>
            {
                view.Refreshed += Resume;
                return Task.CompletedTask;
            },
            _ =>
            {
                view.Refreshed -= Resume;
                return RunAsync(isDraining: false);
            });

    /// <inheritdoc/>
    public void Dispose()
    {
        _running?.Dispose();
        _turn.Dispose();
    }

    private async Task GiveAwayAsync(CancellationToken stopping)
    {
        using var tick = new PeriodicTimer(RoundDelay, time);
        try
        {
            do
            {
                foreach (var name in queues.Names)
                {
                    stopping.ThrowIfCancellationRequested();
                    await TryGiveAwayAsync(name, stopping);
                }
            }
            while (await tick.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // Told to end.
        }
    }

    private async Task TryGiveAwayAsync(QueueName name, CancellationToken stopping)
    {
        _isGiving = true;
        try
        {
            var others = HomeRanking.Rank(name, stores.OpenOthers());
            if (others.Length == 0)
            {
                throw new SiberiteException(
                    SiberiteError.QueueUnavailable, "There is no other silo to take the queues.", inner: null);
            }

            var target = others[0];
            var isGone = LooseQueues.IsShard(queues, name)
                ? await GiveItemsAsync(name, target, stopping)
                : await MoveAsync(name, target);
            if (isGone)
            {
                Interlocked.Increment(ref _movedCount);
                _failure = null;
            }
        }
        catch (SiberiteException e)
        {
            _failure = e.Message;
            LogDelayed(log, name.Value, e.Message);
        }
        finally
        {
            _isGiving = false;
        }
    }

    private async Task<bool> MoveAsync(QueueName name, StoreId target)
    {
        var move = mover.Begin(name, target);
        await move.End;
        return move.Status switch
        {
            { Step: MoveStep.Done } => true,
            { Failure: { } failure } => throw new SiberiteException(
                SiberiteError.QueueUnavailable, failure, inner: null),
            _ => false,
        };
    }

    /// <returns>Whether the shard is empty now, and gone.</returns>
    private async Task<bool> GiveItemsAsync(QueueName name, StoreId target, CancellationToken stopping)
    {
        if (queues.Find(name) is not { } shard)
        {
            return false;
        }

        var receiver = loose.Remote(new QueueAddress(name, target));
        await loose.OpenShardAsync(name, target);
        while (await GiveSomeAsync(shard, receiver))
        {
            stopping.ThrowIfCancellationRequested();
        }

        if (shard.WaitingCount > 0 || shard.HeldItemCount > 0)
        {
            return false; // In the hands of sessions; or an item has just come.
        }

        // Off the record first: a crash between the two leaves a shard that is found here again.
        await Directory(name).LeaveLooseAsync(queues.StoreId);
        var (isGone, commit) = queues.DropIfEmpty(name);
        if (!isGone)
        {
            await loose.OpenShardAsync(name, queues.StoreId);
            return false;
        }

        await queues.Commits.WaitAsync(commit);
        await queues.Commits.WaitAsync(LooseQueues.Unmark(queues, name));
        return true;
    }

    /// <returns>Whether there was anything.</returns>
    private async Task<bool> GiveSomeAsync(Queue shard, GrainQueue receiver)
    {
        var taken = await TakeSomeAsync(shard);
        try
        {
            // All in one go and in order: the shard over there gets them as they were here.
            var appends = taken.ConvertAll(item => receiver.AppendAsync(DraftOf(shard, item)).AsTask());
            foreach (var result in await Task.WhenAll(appends))
            {
                ThrowUnlessStored(result);
            }
        }
        catch (SiberiteException)
        {
            foreach (var item in taken)
            {
                await shard.AbortAsync(_session, item.Sequence);
            }

            throw;
        }

        Commit last = default;
        foreach (var item in taken)
        {
            last = await shard.CloseAsync(_session, item.Sequence);
        }

        await queues.Commits.WaitAsync(last);
        return taken.Count > 0;
    }

    private async Task<List<Item>> TakeSomeAsync(Queue shard)
    {
        var taken = new List<Item>();
        for (var bytes = 0L; taken.Count < MaxItemsUnderWay && bytes < MaxBytesUnderWay;)
        {
            var next = await shard.TakeInMemoryAsync(_session, TakeMode.Open, TimeSpan.Zero);
            if (next.Status != TakeStatus.Taken)
            {
                break;
            }

            await queues.Commits.WaitAsync(next.Commit);
            taken.Add(next.Item);
            bytes += next.Item.PayloadBytes;
        }

        return taken;
    }

    private ItemDraft DraftOf(Queue shard, Item item)
        => new(
            new ReadOnlySequence<byte>(item.Payload), item.Flags, shard.ExpiresAtOf(_session, item.Sequence),
            MustSync: true);

    private static void ThrowUnlessStored(AppendResult result)
    {
        if (result.Status != AppendStatus.Stored)
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"The other shard did not take an item: {result.Status}.", inner: null);
        }
    }

    /// <summary>A run before this one was told to drain.</summary>
    private void Resume()
    {
        if (!IsDraining && view.Records.GetValueOrDefault(queues.StoreId)?.IsDraining == true)
        {
            _ = Task.Run(() => RunAsync(isDraining: true));
        }
    }

    private IQueueDirectoryGrain Directory(QueueName name) => grains.GetGrain<IQueueDirectoryGrain>(name.Value);

    [LoggerMessage(2091, LogLevel.Warning, "Queue {Queue} was not given away yet: {Reason}")]
    private static partial void LogDelayed(ILogger log, string queue, string reason);
}
