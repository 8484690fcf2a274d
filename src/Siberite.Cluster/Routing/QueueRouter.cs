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
/// What a crash can leave between the home record (H, in the directory) and the queue (Q, in the engine, durable with
/// its first item). A queue is opened in the order H, Q and deleted in the order Q, H, so the row without H does not
/// arise here; the next <see cref="OpenAsync"/> would mend it, since a queue that is here proposes this silo as home.
/// <code>
/// H    Q    how                                      what clients see
/// no   no   never opened, or deleted                 no such queue
/// yes  no   crash before the first item was stored,  no such queue; the next set finds the record
///           or between the steps of a deletion
/// yes  yes  the normal state                         the queue
/// </code>
/// Opening and deleting one name exclude each other on this silo, so a deletion never leaves a resolved queue behind,
/// and concurrent first opens make one directory record.
/// </remarks>
internal sealed partial class QueueRouter : IQueueRouter
{
    /// <summary>Names that open or delete at the same time, by hash. 64: a directory write takes a commit, and so many
    /// share one.</summary>
    private const int TurnCount = 64;

    private readonly LocalQueues _queues;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<QueueRouter> _log;
    private readonly LooseQueues _loose;
    private readonly Func<QueueName, QueueMode> _modeOf;
    private readonly bool _isDirect;
    private readonly ConcurrentDictionary<QueueName, IQueue> _resolved = new(QueueNameComparer.Instance);
    private readonly ConcurrentDictionary<QueueName, IQueue>.AlternateLookup<ReadOnlySpan<byte>> _resolvedByBytes;
    private readonly SemaphoreSlim[] _turns;

    public QueueRouter(
        LocalQueues queues, IGrainFactory grains, LooseQueues loose, Func<QueueName, QueueMode> modeOf,
        IOptions<ClusterOptions> options, TimeProvider time, ILogger<QueueRouter> log)
    {
        _queues = queues;
        _grains = grains;
        _loose = loose;
        _modeOf = modeOf;
        _time = time;
        _log = log;
        _isDirect = options.Value.LocalRoute == QueueRoute.Direct;
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
    public bool TryGetResolved(ReadOnlySpan<byte> name, [NotNullWhen(true)] out IQueue? queue)
        => _resolvedByBytes.TryGetValue(name, out queue);

    /// <inheritdoc/>
    /// <remarks>A standalone engine knows every queue there is, so names that somebody makes up cost no directory
    /// grain each. In a cluster the directory has the last word on a queue that is not here.</remarks>
    public async ValueTask<IQueue?> FindAsync(QueueName name)
        => _queues.Find(name) is not null ? await OpenAsync(name)
            : _modeOf(name) == QueueMode.Loose || _loose.Stores.Others().Count > 0 ? await FindElsewhereAsync(name)
            : null;

    /// <inheritdoc/>
    /// <remarks>Not kept among the resolved: the queue may have no home record yet, and a set must not go the short
    /// way before it has.</remarks>
    public async ValueTask<IQueue> FindForWaitAsync(QueueName name)
        => await FindAsync(name)
            ?? (_modeOf(name) == QueueMode.Loose ? _loose.Open(name, isJoined: false)
                : _isDirect ? _queues.FindForWait(name)
                : Remote(new(name, _queues.StoreId)));

    /// <inheritdoc/>
    public async ValueTask<IQueue> OpenAsync(QueueName name)
    {
        var turn = TurnOf(name);
        await turn.WaitAsync();
        try
        {
            return _resolved.TryGetValue(name, out var resolved)
                ? await RefreshAsync(resolved)
                : await ResolveAsync(name);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
    {
        foreach (var name in names)
        {
            if (await OpenAsync(name) is GrainQueue remote && remote.Store != _queues.StoreId)
            {
                throw new SiberiteException(
                    SiberiteError.QueueUnavailable,
                    $"One set cannot reach queues of several silos: {name} has its home elsewhere.",
                    inner: null);
            }
        }

        // One batch of the one log. The grains are not asked: a queue at home is the engine's, whatever the way to it.
        return _queues.AppendToAll(names, draft);
    }

    /// <inheritdoc/>
    public async ValueTask<Commit> DeleteAsync(QueueName name)
    {
        var turn = TurnOf(name);
        await turn.WaitAsync();
        try
        {
            var directory = _grains.GetGrain<IQueueDirectoryGrain>(name.Value);
            var home = await GrainCallFailure.TranslateAsync(directory.FindAsync(), name);
            var store = home?.Stores[0] ?? _queues.StoreId;
            if (home?.Mode == QueueMode.Loose)
            {
                await _queues.Commits.WaitAsync(_queues.Delete(name));
                await _loose.Open(name, isJoined: false).DeleteOthersAsync(home.Stores);
                _loose.Forget(name);
            }
            else if (store == _queues.StoreId)
            {
                await _queues.Commits.WaitAsync(_queues.Delete(name));
            }
            else
            {
                await GrainCallFailure.TranslateAsync(GrainOf(new(name, store)).DeleteAsync(), name);
            }

            _resolved.TryRemove(name, out _);
            await GrainCallFailure.TranslateAsync(directory.DeleteAsync(), name);
            return default; // Committed by now: the record may only go after the queue has.
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAllAsync() => new(_queues.PurgeAll());

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<QueueStats>> GetStatsAsync(QueueName? name, StatsScope scope)
        => new(_queues.GetStats(name));

    /// <summary>What was resolved still has its home record, but the engine lets go of a queue that stays unused.
    /// </summary>
    private async ValueTask<IQueue> RefreshAsync(IQueue resolved)
    {
        if (resolved is LooseQueue loose)
        {
            return loose.MustRenew ? await ResolveAsync(loose.Name) : loose;
        }

        // A queue that is not here, or no longer, may have moved since.
        return _isDirect && _queues.Find(resolved.Name) is { } here
            ? _resolved[here.Name] = here
            : await ResolveAsync(resolved.Name);
    }

    private async ValueTask<IQueue> ResolveAsync(QueueName name)
    {
        var home = await FindOrMakeHomeAsync(name);
        if (home.Mode == QueueMode.Loose)
        {
            return _resolved[name] = _loose.Open(name, isJoined: home.Stores.Contains(_queues.StoreId));
        }

        var address = new QueueAddress(name, home.Stores[0]);
        await GrainCallFailure.TranslateAsync(GrainOf(address).OpenAsync(), name);
        LogResolved(_log, name.Value, address.Store);
        return _resolved[name] = _isDirect && address.Store == _queues.StoreId ? _queues.Open(name) : Remote(address);
    }

    /// <summary>A queue that has no items here may have some elsewhere.</summary>
    private async ValueTask<IQueue?> FindElsewhereAsync(QueueName name)
    {
        var directory = _grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        var home = await GrainCallFailure.TranslateAsync(directory.FindAsync(), name);
        return home switch
        {
            { Mode: QueueMode.Loose } => _resolved[name] =
                _loose.Open(name, isJoined: home.Stores.Contains(_queues.StoreId)),
            { } when home.Stores[0] != _queues.StoreId => await OpenAsync(name),
            _ => null,
        };
    }

    /// <remarks>The setting decides for a queue that is new; one that exists stays as it was made.</remarks>
    private async ValueTask<QueueHome> FindOrMakeHomeAsync(QueueName name)
    {
        // In memory only, where it is dropped again if its home is elsewhere: a silo that is full refuses here, before
        // a record is made.
        _queues.Open(name);
        var directory = _grains.GetGrain<IQueueDirectoryGrain>(name.Value);
        var proposed = _loose.ProposeHome();
        var opening = _modeOf(name) == QueueMode.Loose
            ? directory.OpenLooseAsync(proposed)
            : directory.OpenAsync(proposed);
        var home = await GrainCallFailure.TranslateAsync(opening, name);
        return home.Mode == QueueMode.Loose && !home.Stores.Contains(proposed)
            ? await GrainCallFailure.TranslateAsync(directory.OpenLooseAsync(proposed), name)
            : home;
    }

    private GrainQueue Remote(QueueAddress address) => new(address, GrainOf(address), _time, Forget, _log);

    private IQueueGrain GrainOf(QueueAddress address) => _grains.GetGrain<IQueueGrain>(address.ToKey());

    private void Forget(GrainQueue gone) => _resolved.TryRemove(new(gone.Name, gone));

    private SemaphoreSlim TurnOf(QueueName name) => _turns[(uint)name.GetHashCode() % TurnCount];
}
