using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster;

/// <summary>Finds queues by name: in this silo's engine, or behind their grain.</summary>
/// <remarks>
/// What a crash can leave between the home record (H, in the directory) and the queue (Q, in its home's engine, durable
/// with its first item). A queue is opened in the order H, Q and deleted in the order Q, H.
/// <code>
/// H    Q    how                                      what clients see
/// no   no   never opened, or deleted                 no such queue
/// yes  no   crash before the first item was stored,  no such queue, or an empty one; the next set finds the record
///           or between the steps of a deletion
/// yes  yes  the normal state                         the queue
/// </code>
/// A queue whose items are in this silo's engine has its home here, and needs no directory. Any other is asked for in
/// the directory, each time until it is found: that somebody else makes it is not to be missed. What was found is kept
/// until its home says that the queue is gone, or is away itself.
/// <para>Only the directory puts a new queue into its home's engine, in a turn that excludes a deletion, so an item is
/// never stored in a queue without a record. Opening one name excludes itself on this silo: concurrent first opens ask
/// once.</para>
/// This part finds, opens and deletes; <c>QueueRouter.Everywhere</c> speaks to all silos.
/// </remarks>
internal sealed partial class QueueRouter : IQueueRouter
{
    /// <summary>Names that are opened at the same time, by hash. 64: a directory write takes a commit, and so many
    /// share one.</summary>
    private const int TurnCount = 64;

    /// <summary>Tries to open a queue that is taken away again before it can be used, by deletions or because it stayed
    /// unused. 10 in a row are no coincidence.</summary>
    private const int MaxOpenTries = 10;

    /// <summary>Time between log lines about a directory that cannot be asked: every command may find out.</summary>
    private static readonly TimeSpan DirectoryAwayLogInterval = TimeSpan.FromSeconds(10);

    private readonly LocalSilo _local;
    private readonly LocalQueues _queues;
    private readonly ClusterView _view;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<QueueRouter> _log;
    private readonly LooseQueues _loose;
    private readonly CounterBoard _counters;
    private readonly bool _isDirect;
    private readonly bool _spreads;
    private readonly GrainQueueParts _remoteParts;
    private readonly ConcurrentDictionary<QueueName, IQueue> _resolved = new(QueueNameComparer.Instance);
    private readonly ConcurrentDictionary<QueueName, IQueue>.AlternateLookup<ReadOnlySpan<byte>> _resolvedByBytes;

    /// <summary>One sender per queue and home, also while it is not resolved: a session's commands must not overtake
    /// each other.</summary>
    private readonly ConcurrentDictionary<QueueAddress, GrainQueue> _remotes = new();

    /// <summary>Former ones that may still have something to send, with their addresses.</summary>
    private readonly ConcurrentDictionary<GrainQueue, QueueAddress> _retired = new();
    private readonly RecentAnswer<Answered<AnsweredStats?>[]> _othersStats;
    private readonly SemaphoreSlim[] _turns;
    private long _directoryAwayAt; // When that was logged last, by the clock's own ticks.

    public QueueRouter(
        LocalSilo local, LocalQueues queues, ClusterView view, LooseQueues loose, CounterBoard counters,
        IGrainFactory grains, IOptions<ClusterOptions> options, TimeProvider time, ILogger<QueueRouter> log)
    {
        _local = local;
        _queues = queues;
        _view = view;
        _loose = loose;
        _counters = counters;
        _queues.Targets = this;
        _loose.Remote = address => Remote(address, run: 0, isShard: true);
        _grains = grains;
        _time = time;
        _log = log;
        _isDirect = options.Value.LocalRoute == QueueRoute.Direct;
        _spreads = options.Value.NewQueues == NewQueues.Spread;
        _othersStats = new RecentAnswer<Answered<AnsweredStats?>[]>(time, options.Value.StatsInterval);
        _remoteParts = new GrainQueueParts(
            local.Gateway, time, Forget, view.NameOf, view.CheckHomeAsync, log);
        _resolvedByBytes = _resolved.GetAlternateLookup<ReadOnlySpan<byte>>();
        _turns = new SemaphoreSlim[TurnCount];
        for (var i = 0; i < _turns.Length; i++)
        {
            _turns[i] = new SemaphoreSlim(1);
        }
    }

    /// <inheritdoc/>
    public ICommitLog Commits => _queues.Commits;

    /// <inheritdoc/>
    /// <remarks>An alias is never among them: a session waits until what it set into one is where it belongs, so that
    /// its next command finds it there.</remarks>
    public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
    {
        queue = null;
        return !TryFindAlias(name, out _) && _resolvedByBytes.TryGetValue(name, out queue);
    }

    /// <inheritdoc/>
    /// <remarks>A standalone engine knows every queue there is, so names that somebody makes up cost no directory
    /// grain each. In a cluster the directory has the last word on a queue that is not here.</remarks>
    public async ValueTask<IQueue?> FindAsync(QueueName name)
    {
        if (TryFindAlias(name.Utf8.Span, out var alias))
        {
            return alias;
        }

        if (_queues.Find(name) is not null)
        {
            return await OpenAsync(name);
        }

        if (_local.IsAlone)
        {
            return null;
        }

        for (var tries = 0; tries < MaxOpenTries; tries++)
        {
            if (await FromDirectoryAsync(DirectoryOf(name).FindAsync, name) is not { } home)
            {
                return null;
            }

            if (TryResolve(name, home, isOpened: false, out var queue))
            {
                return queue;
            }
        }

        throw NeverStays(name);
    }

    /// <inheritdoc/>
    /// <remarks>Standalone, not kept among the resolved: the queue may have no home record yet, and a set must not go
    /// the short way before it has.</remarks>
    public async ValueTask<IQueue> FindForWaitAsync(QueueName name)
        => await FindAsync(name)
            ?? (IsLoose(name) ? _loose.Open(name, isJoined: false)
                : !_local.IsAlone ? await OpenAsync(name)
                : _isDirect ? _queues.FindForWait(name)
                : Remote(new(name, _queues.StoreId), _local.Run));

    /// <inheritdoc/>
    public ValueTask<IQueue> OpenAsync(QueueName name)
        => TryFindAlias(name.Utf8.Span, out var alias) ? new(alias) : OpenAsync(name, beside: null);

    /// <summary>The queue; if it does not exist, it is created as one of that kind.</summary>
    /// <param name="name">The queue.</param>
    /// <param name="mode">The kind; <see langword="null"/> for what its settings say.</param>
    public ValueTask<IQueue> OpenAsync(QueueName name, QueueMode? mode) => OpenAsync(name, beside: null, mode);

    /// <inheritdoc/>
    public async ValueTask<Commit> DeleteAsync(QueueName name)
    {
        if (TryFindAlias(name.Utf8.Span, out _))
        {
            return default; // The queue that it masks, if there is one, is not meant.
        }

        var directory = DirectoryOf(name);
        await FromDirectoryAsync(directory.DeleteAsync, name);
        if (_queues.Find(name) is not null)
        {
            // Here without a record: the directory's storage has seen better days. Nobody else could delete it.
            await _queues.Commits.WaitAsync(_queues.Delete(name) with { Level = CommitLevel.Synced });
        }

        _resolved.TryRemove(name, out _);
        _loose.Forget(name);
        return default; // Committed by now: the record may only go after the queue has.
    }

    /// <summary>Waits until nothing is on its way to other homes, or the time is over.</summary>
    public async Task DrainAsync(TimeSpan timeout)
    {
        var startedAt = _time.GetTimestamp();
        while (_remotes.Values.Concat(_retired.Keys).Any(remote => !remote.IsIdle)
            && _time.GetElapsedTime(startedAt) < timeout)
        {
            await Task.Delay(DrainInterval, _time);
        }
    }

    /// <param name="name">The queue.</param>
    /// <param name="beside">The store to propose if the queue is new, or <see langword="null"/> for the usual
    /// one.</param>
    /// <param name="mode">What it becomes if it is new; <see langword="null"/> for what its settings say.</param>
    private async ValueTask<IQueue> OpenAsync(QueueName name, StoreId? beside, QueueMode? mode = null)
    {
        var turn = _turns[(uint)name.GetHashCode() % TurnCount];
        await turn.WaitAsync();
        try
        {
            for (var tries = 0; tries < MaxOpenTries; tries++)
            {
                if (TryResolveHere(name, out var queue)
                    || TryResolve(name, await FindOrMakeHomeAsync(name, beside, mode), isOpened: true, out queue))
                {
                    return queue;
                }
            }

            throw NeverStays(name);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Without the directory: what was resolved and still stands, or has its items here.</summary>
    private bool TryResolveHere(QueueName name, [NotNullWhen(true)] out IQueue? queue)
    {
        if (_resolved.TryGetValue(name, out queue)
            && (queue is LooseQueue loose
                ? !loose.MustRenew
                : queue is not Queue || ReferenceEquals(queue, _queues.FindOpened(name))))
        {
            return true;
        }

        if (_queues.Find(name) is not { } here || LooseQueues.IsShard(_queues, name))
        {
            queue = null;
            return false;
        }

        queue = _resolved[here.Name] = _isDirect ? here : Remote(new(name, _queues.StoreId), _local.Run);
        return true;
    }

    /// <returns><see langword="false"/> if the queue has been taken out of this silo's engine again.</returns>
    private bool TryResolve(
        QueueName name, ResolvedHome resolved, bool isOpened, [NotNullWhen(true)] out IQueue? queue)
    {
        if (resolved.Home.Mode == QueueMode.Loose)
        {
            queue = ResolveLoose(name, resolved.Home, isOpened);
            return queue is not null;
        }

        if (resolved.Home is not { Mode: QueueMode.Strict, Stores: [var store] })
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable,
                $"Queue {name} is of a kind that this version does not serve.",
                inner: null);
        }

        if (_isDirect && store == _queues.StoreId)
        {
            queue = _queues.FindOpened(name);
        }
        else
        {
            var remote = Remote(new(name, store), resolved.Run);
            remote.ConfirmHome();
            queue = remote;
        }

        if (queue is null)
        {
            return false;
        }

        LogResolved(_log, name.Value, store);
        _resolved[queue.Name] = queue;
        return true;
    }

    private async ValueTask<ResolvedHome> FindOrMakeHomeAsync(QueueName name, StoreId? beside, QueueMode? mode)
    {
        var directory = DirectoryOf(name);
        if (mode is { } wanted ? wanted == QueueMode.Loose : IsLoose(name))
        {
            ThrowIfChild(name);
            return await OpenLooseAsync(directory, name, beside);
        }

        var proposals = ProposalsFor(name, beside);
        for (var i = 0; ; i++)
        {
            try
            {
                return await FromDirectoryAsync(() => directory.OpenAsync(proposals[i]), name);
            }
            catch (SiberiteException e) when (i + 1 < proposals.Length
                && e.Error is SiberiteError.QueueUnavailable or SiberiteError.TooManyQueues)
            {
                // If the proposed home is full, or went away a moment ago, any other will do.
                if (!await IsNewAsync(directory, name))
                {
                    throw;
                }
            }
        }
    }

    private StoreId[] ProposalsFor(QueueName name, StoreId? beside)
    {
        var ranked = _spreads && !_local.IsAlone ? HomeRanking.Rank(name, _view.OpenStores()) : [];
        var first = beside ?? (ranked.Length > 0 ? ranked[0] : _queues.StoreId);
        return [first, .. ranked.Where(store => store != first)];
    }

    private async ValueTask<bool> IsNewAsync(IQueueDirectoryGrain directory, QueueName name)
    {
        try
        {
            return await FromDirectoryAsync(directory.FindAsync, name) is null;
        }
        catch (SiberiteException)
        {
            return false; // It has a home, which is away.
        }
    }

    private async ValueTask<T> FromDirectoryAsync<T>(Func<ValueTask<T>> call, QueueName name)
    {
        try
        {
            return await GrainCallFailure.FromDirectoryAsync(call, name);
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.DirectoryUnavailable)
        {
            var now = _time.GetTimestamp();
            var last = Interlocked.Read(ref _directoryAwayAt);
            if ((last == 0 || _time.GetElapsedTime(last, now) >= DirectoryAwayLogInterval)
                && Interlocked.CompareExchange(ref _directoryAwayAt, now, last) == last)
            {
                LogDirectoryAway(_log, e.InnerException?.Message ?? e.Message);
            }

            throw;
        }
    }

    private static SiberiteException NeverStays(QueueName name)
        => new(
            SiberiteError.QueueUnavailable, $"Queue {name} is deleted whenever it is looked up.", inner: null);

    private IQueueDirectoryGrain DirectoryOf(QueueName name) => _grains.GetGrain<IQueueDirectoryGrain>(name.Value);

    private GrainQueue Remote(QueueAddress address, long run, bool isShard = false)
        => _remotes.GetOrAdd(
            address,
            static (address, made) => new GrainQueue(
                address, made.Router._grains.GetGrain<IQueueGrain>(address.ToKey()), made.Router._remoteParts,
                made.Run)
            { IsShard = made.IsShard },
            (Router: this, Run: run, IsShard: isShard));

    private void Forget(GrainQueue gone)
    {
        _resolved.TryRemove(new(gone.Name, gone));
        if (gone.IsRetired)
        {
            RemoveRetired(gone);
        }
        else if (gone.IsIdle)
        {
            _remotes.TryRemove(new(gone.Address, gone)); // With nothing under way, a successor can overtake nothing.
        }
    }

    private void RemoveRetired(GrainQueue gone)
    {
        _remotes.TryRemove(new(gone.Address, gone));
        _retired[gone] = gone.Address;
        foreach (var (retired, _) in _retired)
        {
            if (retired.IsIdle)
            {
                _retired.TryRemove(retired, out _);
            }
        }
    }
}
