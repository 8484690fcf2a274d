using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster;

/// <summary>What sessions of other gateways wait for on this silo, and what their waits won last.</summary>
/// <remarks>
/// Belongs to the silo, not to a grain: an activation may be lost at any moment, and an item or a place in line must
/// not go with it. A wait starts one take in the engine and is fetched in slices; the slices of one session find the
/// same take, so it keeps its place. What it won is remembered because the reply that tells of it may be lost, and
/// only this silo then knows which item that was. Takes without a wait are calls, which <see cref="CallLedger"/>
/// remembers.
/// </remarks>
internal sealed class RemoteReads : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly LocalQueues _queues;
    private readonly TimeProvider _time;
    private readonly TimeSpan _slice;
    private readonly ConcurrentDictionary<ReadKey, LastTake> _lastTakes = new();
    private int _lastTakeCount; // Of those, or one more for a moment.
    private readonly Lock _gate = new(); // Guards the waits. Taken before a queue's own gate.
    private readonly Dictionary<ReadKey, Wait> _waits = [];
    private readonly CancellationTokenSource _stopping = new();

    public RemoteReads(LocalQueues queues, IOptions<ClusterOptions> options, TimeProvider time)
    {
        _queues = queues;
        _time = time;
        _slice = options.Value.WaitSlice;
    }

    /// <summary>Waits that are parked here.</summary>
    internal int WaitCount
    {
        get
        {
            lock (_gate)
            {
                return _waits.Count;
            }
        }
    }

    /// <summary>The session knows of the item, and has closed it or given it back.</summary>
    public void Forget(QueueName queue, CursorName? cursor, SessionId session, long sequence)
        => Forget(new ReadKey(queue, cursor, session), sequence);

    private void Forget(in ReadKey key, long sequence)
    {
        if (Volatile.Read(ref _lastTakeCount) == 0)
        {
            return; // Every close comes here, and most items were taken without a wait.
        }

        if (_lastTakes.TryGetValue(key, out var last)
            && last.Take.IsCompletedSuccessfully
            && last.Take.Result.Item.Sequence == sequence)
        {
            RemoveLast(key, last);
        }
    }

    /// <summary>Ends the session's wait and gives back what its last take won.</summary>
    public async ValueTask RecallAsync(QueueName queue, CursorName? cursor, SessionId session)
    {
        var key = new ReadKey(queue, cursor, session);
        Wait? wait;
        lock (_gate)
        {
            if (_waits.Remove(key, out wait))
            {
                wait.Dispose();
            }
        }

        if (_lastTakes.TryGetValue(key, out var last))
        {
            await GiveBackAsync(key, last);
        }
        else
        {
            _ = wait?.Won.LetGoAsync(); // A peek is not remembered: what it sees stays where it is.
        }
    }

    /// <summary>Waits for one slice; <paramref name="wait"/> is the whole wait and counts from the first one.
    /// </summary>
    /// <returns>The end of the wait, or <see langword="null"/> when the slice ended first.</returns>
    public async ValueTask<TakeResult?> WaitSliceAsync(
        QueueName queue, CursorName? cursor, SessionId session, TakeMode mode, TimeSpan wait)
    {
        var parked = BeginSlice(new ReadKey(queue, cursor, session), mode, wait);
        using (var cut = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
        {
            await Task.WhenAny(parked.Take, Task.Delay(_slice, _time, cut.Token));
            await cut.CancelAsync();
        }

        return EndSlice(parked) ? await parked.Won.InMemoryAsync(session) : null;
    }

    /// <summary>Ends the session's wait. Without a slice to carry it, an item that was on its way goes back.</summary>
    public void Cancel(QueueName queue, CursorName? cursor, SessionId session)
    {
        Wait? parked;
        lock (_gate)
        {
            if (!_waits.TryGetValue(new ReadKey(queue, cursor, session), out parked))
            {
                return;
            }

            if (parked.SliceCount > 0)
            {
                parked.Reader.CancelWait(session);
                return;
            }
        }

        Abandon(parked);
    }

    /// <summary>Ends the waits of a gateway that is gone, and forgets what its sessions took. What a wait won on its
    /// way goes back.</summary>
    public void Drop(long gateway)
    {
        Wait[] parked;
        lock (_gate)
        {
            parked = [.. _waits.Values.Where(wait => wait.Key.Session.Gateway == gateway)];
            foreach (var wait in parked)
            {
                _waits.Remove(wait.Key); // A slice that still carries it finds that, and brings nothing.
            }
        }

        foreach (var wait in parked)
        {
            wait.Dispose();
            _ = GiveBackAsync(wait.Key, wait.Won);
        }

        foreach (var (key, last) in _lastTakes)
        {
            if (key.Session.Gateway == gateway)
            {
                RemoveLast(key, last);
            }
        }
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(RemoteReads),
            ServiceLifecycleStage.Active + 1, // Ends slices before grains are deactivated, which would wait for them.
            static _ => Task.CompletedTask,
            _ => StopAsync());

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Wait BeginSlice(ReadKey key, TakeMode mode, TimeSpan wait)
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
            {
                throw new SiberiteException(SiberiteError.ShuttingDown, "The silo is stopping.", inner: null);
            }

            if (!_waits.TryGetValue(key, out var parked))
            {
                var queue = _queues.FindForWait(key.Queue);
                IQueue reader = key.Cursor is null ? queue : queue.OpenCursor(key.Cursor);
                parked = new Wait(key, Take(key, reader, mode, wait));
                parked.Expiry = _time.CreateTimer(
                    _ => Abandon(parked), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _waits[key] = parked;
            }

            parked.SliceCount++;
            parked.Expiry!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return parked;
        }
    }

    /// <returns>Whether the wait is over and this slice is the one that carries its result.</returns>
    private bool EndSlice(Wait parked)
    {
        lock (_gate)
        {
            parked.SliceCount--;
            if (parked.Take.IsCompleted)
            {
                var isMine = Remove(parked);
                if (isMine)
                {
                    parked.Dispose();
                }

                return isMine;
            }

            if (IsParked(parked) && !_stopping.IsCancellationRequested)
            {
                parked.Expiry!.Change(2 * _slice, Timeout.InfiniteTimeSpan);
                return false;
            }
        }

        Abandon(parked);
        return false;
    }

    /// <summary>Nobody renewed the wait: its gateway is gone, or has given it up.</summary>
    private void Abandon(Wait parked)
    {
        lock (_gate)
        {
            if (parked.SliceCount > 0 || !Remove(parked))
            {
                return;
            }
        }

        parked.Dispose();
        _ = GiveBackAsync(parked.Key, parked.Won);
    }

    /// <summary>Takes from <paramref name="reader"/>, and remembers it until the item is closed or given
    /// back.</summary>
    private LastTake Take(ReadKey key, IQueue reader, TakeMode mode, TimeSpan wait)
    {
        var won = new LastTake(reader, reader.TakeAsync(key.Session, mode, wait).AsTask());
        if (mode != TakeMode.Peek && !HasEndedInVain(won.Take))
        {
            _ = RememberAsync(key, won);
        }

        return won;
    }

    private static bool HasEndedInVain(Task<TakeResult> take)
        => take.IsCompleted && !(take.IsCompletedSuccessfully && take.Result.Status == TakeStatus.Taken);

    private async Task RememberAsync(ReadKey key, LastTake last)
    {
        Interlocked.Increment(ref _lastTakeCount);
        while (!_lastTakes.TryAdd(key, last))
        {
            if (_lastTakes.TryGetValue(key, out var former))
            {
                RemoveLast(key, former); // The session took again: it has seen how that one ended.
            }
        }

        await ((Task)last.Take).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (HasEndedInVain(last.Take))
        {
            RemoveLast(key, last);
        }
    }

    private void RemoveLast(ReadKey key, LastTake last)
    {
        if (_lastTakes.TryRemove(new(key, last)))
        {
            Interlocked.Decrement(ref _lastTakeCount);
        }
    }

    private async Task GiveBackAsync(ReadKey key, LastTake last)
    {
        try
        {
            // The take may still wait, for an item or for a read of the store. Ended now, its result is final.
            last.Reader.CancelWait(key.Session);
            if (await last.Take is { Status: TakeStatus.Taken } won)
            {
                last.LetGo();
                Forget(key, won.Item.Sequence);
                await last.Reader.AbortAsync(key.Session, won.Item.Sequence);
            }
        }
        catch (SiberiteException)
        {
            // The take failed: it won nothing.
        }
    }

    /// <remarks>By reference: the same session may have begun another wait meanwhile.</remarks>
    private bool IsParked(Wait parked) => _waits.TryGetValue(parked.Key, out var found) && found == parked;

    private bool Remove(Wait parked) => IsParked(parked) && _waits.Remove(parked.Key);

    private async Task StopAsync()
    {
        Wait[] parked;
        lock (_gate)
        {
            parked = [.. _waits.Values];
        }

        await _stopping.CancelAsync();
        foreach (var wait in parked)
        {
            Abandon(wait);
        }
    }

    /// <summary>What a take won, or will. A large payload is held until it is brought into memory or let go of,
    /// whichever comes first.</summary>
    private sealed class LastTake(IQueue reader, Task<TakeResult> take)
    {
        private int _isLetGo;

        public IQueue Reader => reader;

        public Task<TakeResult> Take => take;

        /// <summary>The end of the take for somebody elsewhere. An item that cannot be read goes back.</summary>
        public async ValueTask<TakeResult> InMemoryAsync(SessionId session)
        {
            var result = await take;
            if (result.Item.Large is null)
            {
                return result;
            }

            if (Interlocked.Exchange(ref _isLetGo, 1) != 0)
            {
                return default; // It was given back meanwhile.
            }

            return await reader.BringInMemoryAsync(session, new(result));
        }

        /// <summary>Nobody wants what a take won that has ended.</summary>
        public void LetGo()
        {
            if (take.IsCompletedSuccessfully && Interlocked.Exchange(ref _isLetGo, 1) == 0)
            {
                take.Result.Item.Large?.Release();
            }
        }

        public async Task LetGoAsync()
        {
            await ((Task)take).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            LetGo();
        }
    }

    private readonly record struct ReadKey(QueueName Queue, CursorName? Cursor, SessionId Session);

    private sealed class Wait(ReadKey key, LastTake won) : IDisposable
    {
        public ReadKey Key => key;

        public IQueue Reader => won.Reader;

        public Task<TakeResult> Take => won.Take;

        public LastTake Won => won;

        public int SliceCount { get; set; }

        public ITimer? Expiry { get; set; }

        public void Dispose() => Expiry?.Dispose();
    }
}
