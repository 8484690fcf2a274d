using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The cluster as this silo sees it: who is active and has which store, and which stores there are
/// besides.</summary>
/// <remarks>
/// Active silos are asked who they are, by their address, and answer once they have claimed their store: a silo with a
/// copy of somebody's disk is never taken for that store's home. (Orleans' own cache of silo metadata gives up on a
/// silo for minutes after one lost call.) The durable records of stores are read now and then; while they cannot be
/// read the last ones stand.
/// </remarks>
internal sealed partial class ClusterView(
    LocalSilo local, IClusterMembershipService membership, IGrainFactory grains, TimeProvider time,
    ILogger<ClusterView> log)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>Time between looks at the records. 10 s: they tell of drained stores and of those that are
    /// away.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    /// <summary>How long a call waits for silos that have just joined to say who they are. 1 s: it takes them some
    /// milliseconds, and the store may be theirs.</summary>
    private static readonly TimeSpan IntroductionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Pause before a silo that did not answer is asked again.</summary>
    private static readonly TimeSpan AskAgainDelay = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<SiloAddress, SiloReport> _silos = new();
    private readonly Lock _gate = new(); // Guards the introductions under way.
    private readonly Dictionary<SiloAddress, Task> _introductions = [];
    private readonly CancellationTokenSource _stopping = new();
    private volatile ImmutableDictionary<StoreId, StoreRecord> _records =
        ImmutableDictionary<StoreId, StoreRecord>.Empty;

    private Task _watching = Task.CompletedTask;

    /// <summary>Called after each change of membership, on the one loop that watches it.</summary>
    public event Action<ClusterMembershipSnapshot>? Changed;

    /// <summary>Called after the records were read.</summary>
    public event Action? Refreshed;

    /// <summary>Silos that are active and have their store, this one included.</summary>
    public IReadOnlyCollection<KeyValuePair<SiloAddress, SiloReport>> Silos => _silos.ToArray(); // At one moment.

    /// <summary>The durable records, as last read.</summary>
    public IReadOnlyDictionary<StoreId, StoreRecord> Records => _records;

    /// <summary>The silo that has the store, or <see langword="null"/> if none that is active has.</summary>
    public SiloAddress? FindHome(StoreId store)
    {
        if (store == local.Report.Store && local.HasStore)
        {
            return local.Address;
        }

        // Of two runs of one silo the older may look active for a while: the later claim is right.
        KeyValuePair<SiloAddress, SiloReport>? home = null;
        foreach (var silo in _silos)
        {
            if (silo.Value.Store == store && (home is null || silo.Value.ClaimNumber > home.Value.Value.ClaimNumber))
            {
                home = silo;
            }
        }

        return home?.Key;
    }

    /// <summary>The silo that has the store. Silos that have just joined get a moment to say who they are.</summary>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.QueueUnavailable"/>: no active silo has
    /// it.</exception>
    public async ValueTask<SiloAddress> HomeOfAsync(StoreId store)
    {
        if (FindHome(store) is { } home)
        {
            return home;
        }

        await WaitForStrangersAsync(IntroductionTimeout);
        return FindHome(store) ?? throw Unavailable(store);
    }

    /// <summary>The same for its exception alone. Before a call: the runtime logs an error, with a stack, for each that
    /// it cannot place, and a home that is away is a normal day.</summary>
    /// <exception cref="SiberiteException">As there.</exception>
    public async ValueTask CheckHomeAsync(StoreId store) => await HomeOfAsync(store);

    /// <summary>What a client reads of a queue whose home is away.</summary>
    public SiberiteException Unavailable(StoreId store)
    {
        var name = NameOf(store);
        return new SiberiteException(
            SiberiteError.QueueUnavailable,
            $"The queue is unavailable: no active silo has its store {store} (silo {name ?? "unknown"}).",
            inner: null)
        {
            Silo = name,
        };
    }

    /// <summary>The name of the silo that has or had the store, if it is known.</summary>
    public string? NameOf(StoreId store)
        => _silos.Values.FirstOrDefault(silo => silo.Store == store)?.Name
            ?? (_records.TryGetValue(store, out var record) ? record.Name : null);

    /// <summary>Stores that take new queues.</summary>
    public IEnumerable<StoreId> OpenStores()
        => from silo in _silos.Values
           where !(_records.TryGetValue(silo.Store, out var record) && record.IsDraining)
           select silo.Store;

    /// <summary>Whether active silos have yet to say who they are.</summary>
    internal bool HasStrangers
    {
        get
        {
            lock (_gate)
            {
                return _introductions.Count > 0;
            }
        }
    }

    /// <summary>Waits until active silos that are not known yet have said who they are.</summary>
    public async Task WaitForStrangersAsync(TimeSpan timeout)
    {
        Task[] strangers;
        lock (_gate)
        {
            strangers = [.. _introductions.Values];
        }

        if (strangers.Length > 0)
        {
            await Task.WhenAny(Task.WhenAll(strangers), Task.Delay(timeout, time));
        }
    }

    /// <summary>This silo has its store.</summary>
    public void AddSelf() => _silos[local.Address] = local.Report;

    /// <summary>This silo is about to stop: no new queue gets its home here.</summary>
    public void RemoveSelf() => _silos.TryRemove(local.Address, out _);

    /// <summary>Reads the durable records now.</summary>
    public async Task RefreshAsync()
    {
        try
        {
            var stores = await grains.GetGrain<IStoreListGrain>(0).ListAsync();
            var records = await Task.WhenAll(
                stores.Select(store => grains.GetGrain<IStoreGrain>(store.ToString()).FindAsync().AsTask()));
            _records = records.OfType<StoreRecord>().ToImmutableDictionary(record => record.Store);
            Refreshed?.Invoke();
        }
#pragma warning disable CA1031 // Storage fails in its own ways; what was read last is the best there is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotRefreshed(log, e);
        }
    }

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(
            nameof(ClusterView), ServiceLifecycleStage.Active, _ => Start(), _ => StopAsync());

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task Start()
    {
        if (local.IsAlone)
        {
            AddSelf();
        }
        else
        {
            _watching = Task.WhenAll(Task.Run(WatchAsync), Task.Run(KeepRecordsAsync));
        }

        return Task.CompletedTask;
    }

    private async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WatchAsync()
    {
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(_stopping.Token))
        {
            foreach (var (silo, report) in _silos)
            {
                if (!IsActive(snapshot, silo) && !silo.Equals(local.Address) && _silos.TryRemove(silo, out _))
                {
                    LogAway(log, report.Name, silo, report.Store);
                }
            }

            foreach (var silo in snapshot.Members.Keys)
            {
                if (IsActive(snapshot, silo) && !silo.Equals(local.Address))
                {
                    Meet(silo);
                }
            }

            Changed?.Invoke(snapshot);
        }
    }

    private static bool IsActive(ClusterMembershipSnapshot snapshot, SiloAddress silo)
        => snapshot.GetSiloStatus(silo) == SiloStatus.Active;

    private void Meet(SiloAddress silo)
    {
        lock (_gate)
        {
            if (!_silos.ContainsKey(silo) && !_introductions.ContainsKey(silo))
            {
                _introductions[silo] = MeetAsync(silo);
            }
        }
    }

    private async Task MeetAsync(SiloAddress silo)
    {
        await Task.Yield(); // The entry is there before this removes it.
        while (IsActive(membership.CurrentSnapshot, silo) && !_stopping.IsCancellationRequested)
        {
            if (await AskAsync(silo) is { } report)
            {
                _silos[silo] = report;
                LogIntroduced(log, report.Name, silo, report.Store);
                break;
            }

            await Task.Delay(AskAgainDelay, time);
        }

        lock (_gate)
        {
            _introductions.Remove(silo);
        }

        if (!IsActive(membership.CurrentSnapshot, silo))
        {
            _silos.TryRemove(silo, out _); // It went while it was asked.
        }

        await RefreshAsync();
    }

    private async Task<SiloReport?> AskAsync(SiloAddress silo)
    {
        try
        {
            return await grains.GetGrain<ISiloGrain>(silo.ToParsableString()).IntroduceAsync();
        }
#pragma warning disable CA1031 // The loop must live on: whatever it is, the silo is asked again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotIntroduced(log, e, silo);
            return null;
        }
    }

    private async Task KeepRecordsAsync()
    {
        using var timer = new PeriodicTimer(RefreshInterval, time);
        do
        {
            await RefreshAsync();
        }
        while (await timer.WaitForNextTickAsync(_stopping.Token));
    }
}
