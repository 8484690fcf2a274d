using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Storage;
using Orleans.TestingHost;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster.Tests;

/// <summary>Several silos in this process, each over a store in memory, with one grain storage for all.</summary>
/// <remarks>Silos do not find each other dead by themselves here: a test says when, and a host that is killed says so
/// itself.</remarks>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly Dictionary<string, ClusterSilo> _starting = [];
    private readonly List<ClusterSilo> _silos = [];
    private readonly Action<ClusterOptions> _configure;
    private readonly Action<ISiloBuilder>? _configureSilo;
    private int _lastNumber;

    private TestCluster(Action<ClusterOptions> configure, Action<ISiloBuilder>? configureSilo)
    {
        _configure = configure;
        _configureSilo = configureSilo;
        var builder = new InProcessTestClusterBuilder(0);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
#pragma warning disable ORLEANSEXP003 // The one that silos have outside of tests.
        builder.Options.UseDistributedGrainDirectory = true;
#pragma warning restore ORLEANSEXP003
        builder.ConfigureSiloHost((options, host) => Configure(_starting[options.SiloName], host));
        _cluster = builder.Build();
    }

    public TestGrainStorage Storage { get; } = new();

    public IReadOnlyList<ClusterSilo> Silos => _silos;

    public static async Task<TestCluster> StartAsync(
        int siloCount, Action<ClusterOptions>? configure = null, Action<ISiloBuilder>? configureSilo = null)
    {
        var cluster = new TestCluster(configure ?? (_ => { }), configureSilo);
        for (var i = 0; i < siloCount; i++)
        {
            await cluster.AddAsync(new MemoryQueueStore());
        }

        foreach (var silo in cluster.Silos)
        {
            await cluster.UntilKnownAsync(silo);
        }

        return cluster;
    }

    /// <summary>Starts a silo, with an address that was never used, until it serves.</summary>
    public async Task<ClusterSilo> AddAsync(MemoryQueueStore store)
    {
        var silo = await StartAsync(store);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>The same for a silo that may well refuse to start.</summary>
    public async Task<ClusterSilo> StartAsync(MemoryQueueStore store)
    {
        var number = Interlocked.Increment(ref _lastNumber);
        var silo = new ClusterSilo(store);
        lock (_starting)
        {
            _starting[$"Silo_{number}"] = silo;
        }

        try
        {
            silo.Handle = await _cluster.StartSiloAsync(number, _cluster.Options);
            return silo;
        }
        catch
        {
            await silo.AbandonAsync();
            throw;
        }
    }

    /// <summary>Ends a silo as a power cut does: what was not synced is lost. Its host does tell membership.</summary>
    /// <returns>Its disk.</returns>
    public async Task<MemoryQueueStore> KillAsync(ClusterSilo silo)
    {
        var disk = silo.Store.Crash();
        _silos.Remove(silo);
        await silo.Handle.StopSiloAsync(stopGracefully: false);
        return disk;
    }

    /// <summary>Stops a silo as asked.</summary>
    /// <returns>Its disk.</returns>
    public async Task<MemoryQueueStore> StopAsync(ClusterSilo silo)
    {
        _silos.Remove(silo);
        await silo.Handle.StopSiloAsync(stopGracefully: true);
        silo.Queues.Dispose();
        return silo.Store.Kill();
    }

    /// <summary>Takes every activation away that runs nothing, on all silos.</summary>
    public Task DeactivateAllAsync()
        => _silos[0].Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);

    /// <summary>Has <paramref name="witness"/> declare another silo dead, as its probes would after a while.</summary>
    public static Task<bool> DeclareDeadAsync(ClusterSilo witness, ClusterSilo dead)
        => witness.Get<IClusterMembershipService>().TryKill(dead.Address);

    /// <summary>Until all others know the silo, or know it away.</summary>
    public async Task UntilKnownAsync(ClusterSilo silo, bool isHere = true)
    {
        foreach (var other in _silos)
        {
            await UntilAsync(() => other.View.Silos.Any(known => known.Key.Equals(silo.Address)) == isHere);
        }
    }

    /// <summary>Waits for what cannot be awaited.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.Handle.StopSiloAsync(stopGracefully: false);
            await silo.Handle.DisposeAsync();
            silo.Queues.Dispose();
        }

        await _cluster.DisposeAsync();
    }

    private void Configure(ClusterSilo silo, IHostApplicationBuilder host)
    {
        host.Logging.ClearProviders();
        host.Services.AddSingleton(TimeProvider.System);
        host.Services.AddSingleton(silo.Queues);
        host.Services.AddSingleton<IQueueSettingReader, TestSettingReader>();
        host.Services.AddSingleton(silo);
        host.Services.Configure<ClusterOptions>(options => options.StatsInterval = TimeSpan.Zero);
        host.Services.Configure(_configure);
        host.UseOrleans(orleans =>
        {
            SiberiteClusterHosting.AddSilo(
                orleans, new LocalIdentity(LocalIdentity.DrawRun(), IsAlone: false));
            orleans.Services.AddKeyedSingleton<IGrainStorage>(QueueDirectoryGrain.StorageName, Storage);
            orleans.Services.AddKeyedSingleton<IGrainStorage>(SiberiteClusterHosting.StorageName, Storage);
            orleans.AddOutgoingGrainCallFilter(silo.Faults);
            _configureSilo?.Invoke(orleans);
            orleans.Configure<ClusterMembershipOptions>(options => options.ProbeTimeout = TimeSpan.FromMinutes(1));
        });
    }
}

/// <summary>One silo of a test.</summary>
internal sealed class ClusterSilo(MemoryQueueStore store)
{
    public MemoryQueueStore Store => store;

    public LocalQueues Queues { get; } = TestSilo.NewEngine(store, TimeProvider.System);

    public CallFaults Faults { get; } = new();

    public InProcessSiloHandle Handle { get; set; } = null!;

    public string Name => Get<LocalSilo>().Report.Name;

    public bool IsStopping => Get<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;

    public SiloAddress Address => Handle.SiloAddress;

    public ClusterView View => Get<ClusterView>();

    public QueueRouter Router => Get<QueueRouter>();

    public IGrainFactory Grains => Get<IGrainFactory>();

    public T Get<T>()
        where T : notnull
        => Handle.ServiceProvider.GetRequiredService<T>();

    public async Task<IQueue> OpenAsync(string name) => await Router.OpenAsync(QueueName.Parse(name));

    /// <summary>A session of this silo's gateway.</summary>
    public SessionId Session(long number) => new(Get<LocalSilo>().Run, number);

    /// <summary>A name whose queue, made now, gets its home in the store.</summary>
    public string NameAt(StoreId home) => NamesAt(home).First();

    /// <summary>All such names, always in the same order while no silo comes or goes.</summary>
    public IEnumerable<string> NamesAt(StoreId home)
        => Enumerable.Range(0, 10_000)
            .Select(i => $"queue{i}")
            .Where(name => HomeRanking.Rank(QueueName.Parse(name), View.OpenStores())[0] == home);

    public Task AbandonAsync()
    {
        Queues.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>Loses replies of queue grains, on demand: the call takes effect, and its caller hears nothing.</summary>
internal sealed class CallFaults : IOutgoingGrainCallFilter
{
    private int _repliesToLose;

    /// <summary>Called after a reply was lost.</summary>
    public Func<Task> AfterLoss { get; set; } = () => Task.CompletedTask;

    public void LoseReplies(int count) => Volatile.Write(ref _repliesToLose, count);

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        await context.Invoke();
        if (context.InterfaceMethod.Name == nameof(IQueueGrain.ExecuteAsync)
            && Interlocked.Decrement(ref _repliesToLose) >= 0)
        {
            await AfterLoss();
            throw new TimeoutException("The reply was lost by the test.");
        }
    }
}
