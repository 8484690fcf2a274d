using System.Buffers;
using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

// What concerns several queues: of one set, of one silo, of all.
internal sealed partial class QueueRouter
{
    /// <summary>Time between looks at what is still on its way.</summary>
    private static readonly TimeSpan DrainInterval = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<StoreId, SeenCounts> _seen = new(); // Of silos that have answered.

    /// <inheritdoc/>
    /// <remarks>One batch of one log: all queues must have the same home. New ones are given it.</remarks>
    public async ValueTask<AppendResult> AppendToAllAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
    {
        names = Expand(names);
        var mayBeStale = names.Any(_resolved.ContainsKey);
        try
        {
            return await AppendWhereKnownAsync(names, draft);
        }
        catch (SiberiteException e) when (mayBeStale
            && e.Error is SiberiteError.QueueUnavailable or SiberiteError.HomesDiffer)
        {
            // Nothing was done, and the queues may have other homes by now than those that were known.
            ForgetAll(names);
            return await AppendWhereKnownAsync(names, draft);
        }
    }

    private async ValueTask<AppendResult> AppendWhereKnownAsync(IReadOnlyList<QueueName> names, ItemDraft draft)
    {
        StoreId? home = null;
        foreach (var name in names.OrderBy(IsLoose)) // A loose queue has room for the item wherever the others are.
        {
            var queue = await OpenAsync(name, beside: home);
            var store = queue is LooseQueue ? await OpenShardAsync(name, home ?? _loose.ProposeHome())
                : queue is GrainQueue remote ? remote.Store
                : _queues.StoreId;
            if (home is not null && home != store)
            {
                throw new SiberiteException(
                    SiberiteError.HomesDiffer,
                    $"One set cannot reach queues of several silos: {name} and {names[0]} have different homes.",
                    inner: null);
            }

            home = store;
        }

        if (home != _queues.StoreId)
        {
            return await AppendToAllAsync(home!.Value, names, draft);
        }

        // At home the grains are not asked: the queues are the engine's, whatever the way to them.
        var result = _queues.AppendToOpened(names, draft);
        if (result.Status == AppendStatus.Gone)
        {
            ForgetAll(names); // The engine has let go of one that was not stored yet: it must be opened anew.
        }

        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<Commit> PurgeAllAsync()
    {
        var commit = _queues.PurgeAll();
        if (_local.IsAlone)
        {
            return commit;
        }

        var purges = await AskOthersAsync(async silo =>
        {
            await silo.PurgeAllAsync();
            return true;
        });
        await _queues.Commits.WaitAsync(commit);
        var away = purges.Where(purge => !purge.Answer).Select(purge => purge.Name).ToArray();
        return away.Length == 0
            ? commit
            : throw new SiberiteException(
                SiberiteError.SilosAway, $"Not purged, because they are away: {string.Join(", ", away)}.", inner: null)
            {
                Silo = string.Join(", ", away),
            };
    }

    /// <inheritdoc/>
    public async ValueTask<long> DropExpiredAsync(QueueName? name)
    {
        var here = await _queues.DropExpiredAsync(name);
        if (_local.IsAlone)
        {
            return here;
        }

        var drops = await AskOthersAsync(async silo => (long?)await silo.DropExpiredAsync(name));
        var away = drops.Where(drop => drop.Answer is null).Select(drop => drop.Name).ToArray();
        return away.Length == 0
            ? here + drops.Sum(drop => drop.Answer!.Value)
            : throw new SiberiteException(
                SiberiteError.SilosAway, $"Not asked, because they are away: {string.Join(", ", away)}.", inner: null)
            {
                Silo = string.Join(", ", away),
            };
    }

    /// <inheritdoc/>
    public async ValueTask<ClusterStats> GetStatsAsync(QueueName? name, StatsScope scope)
    {
        var here = _queues.GetStats(name);
        var self = new SiloStats(
            _queues.StoreId, _local.Report.Name, IsAway: false, IsDraining(_queues.StoreId), _queues.QueueCount,
            _queues.ItemCount, _local.Report)
        {
            Counters = _counters.Read(),
        };
        if (_local.IsAlone || scope == StatsScope.Silo)
        {
            return new ClusterStats(here, [self]);
        }

        // Those of one queue are cheap, and an operator who has just changed it looks at them.
        var answers = name is null
            ? await _othersStats.ReadAsync(() => AskOthersAsync(silo => AskStatsAsync(silo, name)))
            : await AskOthersAsync(silo => AskStatsAsync(silo, name));
        return new ClusterStats(
            [.. here, .. answers.SelectMany(answer => answer.Answer?.Queues ?? [])],
            [self, .. answers.Select(answer => StatsOf(answer, isAll: name is null))]);
    }

    private static async Task<AnsweredStats?> AskStatsAsync(ISiloQueuesGrain silo, QueueName? name)
    {
        var counters = silo.GetCountersAsync().AsTask(); // Both are under way at once.
        var queues = await silo.GetStatsAsync(name);
        return new AnsweredStats(queues, await counters);
    }

    private async ValueTask<AppendResult> AppendToAllAsync(
        StoreId home, IReadOnlyList<QueueName> names, ItemDraft draft)
    {
        var append = AppendCommands.Of(draft);
        try
        {
            var status = await QueuesOf(home).AppendToAllAsync([.. names], append);
            if (status == AppendStatus.Gone)
            {
                ForgetAll(names);
            }

            return new AppendResult(status, default); // Committed when it arrives.
        }
        catch (Exception e) when (GrainCallFailure.From(e, names[0]) is { } failure)
        {
            ForgetAll(names);
            throw failure.Refusal;
        }
    }

    private void ForgetAll(IEnumerable<QueueName> names)
    {
        foreach (var name in names)
        {
            _resolved.TryRemove(name, out _);
        }
    }

    private SiloStats StatsOf(Answered<AnsweredStats?> answered, bool isAll)
    {
        var report = answered.Answer is null
            ? null
            : _view.Silos.Select(silo => silo.Value).FirstOrDefault(silo => silo.Store == answered.Store);
        var (queues, items) = CountsOf(answered, isAll);
        return new SiloStats(
            answered.Store, answered.Name, IsAway: answered.Answer is null, IsDraining(answered.Store), queues, items,
            report)
        {
            Counters = answered.Answer?.Counters,
        };
    }

    /// <summary>Queues and items of a silo. Of one that is away, what was last heard of it: by its record, which it
    /// writes now and then, or here since that was written.</summary>
    private (long Queues, long Items) CountsOf(Answered<AnsweredStats?> answered, bool isAll)
    {
        var record = _view.Records.GetValueOrDefault(answered.Store);
        var recorded = (record?.QueueCount ?? 0, record?.ItemCount ?? 0);
        if (isAll && answered.Answer?.Queues is { } stats)
        {
            var seen = (stats.Length, stats.Sum(queue => queue.ItemCount));
            _seen[answered.Store] = new SeenCounts(seen, recorded);
            return seen;
        }

        return answered.Answer is null && _seen.TryGetValue(answered.Store, out var last) && last.Recorded == recorded
            ? last.Seen
            : recorded;
    }

    private bool IsDraining(StoreId store) => _view.Records.GetValueOrDefault(store)?.IsDraining ?? false;

    /// <summary>Asks every other silo there is, all at once; those that are away, or do not answer in time, have no
    /// answer.</summary>
    private async Task<Answered<T>[]> AskOthersAsync<T>(Func<ISiloQueuesGrain, Task<T>> ask)
    {
        var stores = _view.Silos.Select(silo => silo.Value.Store)
            .Concat(_view.Records.Keys)
            .Where(store => store != _queues.StoreId)
            .Distinct();
        return await Task.WhenAll(stores.Select(store => AskAsync(store, ask)));
    }

    private async Task<Answered<T>> AskAsync<T>(StoreId store, Func<ISiloQueuesGrain, Task<T>> ask)
    {
        var name = _view.NameOf(store) ?? store.ToString();
        try
        {
            return new Answered<T>(store, name, await ask(QueuesOf(store)));
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or SiberiteException)
        {
            LogNotReached(_log, e, name);
            return new Answered<T>(store, name, default!);
        }
    }

    private ISiloQueuesGrain QueuesOf(StoreId store) => _grains.GetGrain<ISiloQueuesGrain>(store.ToString());

    /// <summary>What a silo answered last, and what its record said then.</summary>
    private readonly record struct SeenCounts((long Queues, long Items) Seen, (long Queues, long Items) Recorded);

    private sealed record AnsweredStats(QueueStats[] Queues, SiloCounters Counters);

    /// <summary>What a silo answered; the default answer if it did not.</summary>
    private readonly record struct Answered<T>(StoreId Store, string Name, T Answer);
}
