using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.TestingHost;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster.Tests;

/// <summary>Several silos in this process that are one cluster, each over a store in memory.</summary>
/// <remarks>Queues whose name begins with <c>loose</c> are loose.</remarks>
internal sealed class SiloCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly ConcurrentQueue<MemoryQueueStore> _storesToStart = new();
    private readonly ConcurrentDictionary<string, ClusterSilo> _building = new();
    private readonly Action<ISiloBuilder>? _configure;

    private SiloCluster(Action<ISiloBuilder>? configure)
    {
        _configure = configure;
        var builder = new InProcessTestClusterBuilder(0);
        builder.Options.InitializeClientOnDeploy = false;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) => Build(options.SiloName, silo));
        _cluster = builder.Build();
    }

    /// <summary>What PostgreSQL is for a real cluster.</summary>
    public SharedGrainStorage Storage { get; } = new();

    /// <summary>Those that run, in order of start.</summary>
    public List<ClusterSilo> Silos { get; } = [];

    public ClusterSilo this[int index] => Silos[index];

    public static async Task<SiloCluster> StartAsync(int siloCount, Action<ISiloBuilder>? configure = null)
    {
        var cluster = new SiloCluster(configure);
        await cluster._cluster.DeployAsync();
        for (var i = 0; i < siloCount; i++)
        {
            await cluster.StartSiloAsync(new MemoryQueueStore());
        }

        return cluster;
    }

    /// <summary>Starts a silo over a store and waits until all silos know each other's stores.</summary>
    public async Task<ClusterSilo> StartSiloAsync(MemoryQueueStore store)
    {
        _storesToStart.Enqueue(store);
        var handle = (await _cluster.StartSilosAsync(1)).Single();
        var silo = _building[handle.Name];
        silo.Handle = handle;
        Silos.Add(silo);
        await WaitForEachOtherAsync();
        return silo;
    }

    /// <summary>Ends a silo as a crash does, and waits until membership knows.</summary>
    /// <returns>Its store, with all that was written.</returns>
    public async Task<MemoryQueueStore> KillAsync(ClusterSilo silo)
    {
        var survivor = silo.Store.Kill();
        Silos.Remove(silo);
        await _cluster.KillSiloAsync(silo.Handle);
        foreach (var other in Silos)
        {
            var membership = other.Services.GetRequiredService<IClusterMembershipService>();
            await membership.TryKill(silo.Handle.SiloAddress);
        }

        await WaitForEachOtherAsync();
        return survivor;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos)
        {
            silo.Queues.EndWaits();
        }

        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        foreach (var silo in Silos)
        {
            silo.Queues.Dispose();
        }
    }

    private Task WaitForEachOtherAsync()
        => Until.HoldsAsync(
            () => Silos.All(silo => silo.Services.GetRequiredService<IActiveStores>().Others().Count
                == Silos.Count - 1),
            "The silos do not know each other.");

    private void Build(string name, ISiloBuilder silo)
    {
        Assert.True(_storesToStart.TryDequeue(out var store));
        var queues = TestSilo.NewEngine(store, TimeProvider.System);
        _building[name] = new ClusterSilo(store, queues);
        silo.Services.AddSingleton(queues);
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddSingleton<Func<QueueName, QueueMode>>(static queue
            => queue.Value.StartsWith("loose", StringComparison.Ordinal) ? QueueMode.Loose : QueueMode.Strict);
        silo.Services.AddSingleton<IQueueRouter, QueueRouter>();
        silo.Services.AddOptions<ClusterOptions>();
        SiberiteClusterHosting.AddGrains(silo);
        SiberiteClusterHosting.Tune(silo, store.Id);
        silo.Services.AddGrainStorage(QueueDirectoryGrain.StorageName, (_, _) => Storage);
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(1);
            options.NumVotesForDeathDeclaration = 1;
        });
        _configure?.Invoke(silo);
    }
}

/// <summary>One silo of a cluster in this process.</summary>
internal sealed class ClusterSilo(MemoryQueueStore store, LocalQueues queues)
{
    public MemoryQueueStore Store => store;

    public LocalQueues Queues => queues;

    public InProcessSiloHandle Handle { get; set; } = null!;

    public IServiceProvider Services => Handle.ServiceProvider;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    public IQueueRouter Router => Services.GetRequiredService<IQueueRouter>();

    public async Task<IQueue> OpenAsync(string name) => await Router.OpenAsync(QueueName.Parse(name));

    public async Task<IQueue?> FindAsync(string name) => await Router.FindAsync(QueueName.Parse(name));

    /// <summary>Appends as a gateway does: resolves again when the queue is gone.</summary>
    public async Task AppendAsync(string name, string payload)
    {
        AppendResult result;
        do
        {
            result = await (await OpenAsync(name)).AppendAsync(Shorthand.Draft(payload));
        }
        while (result.Status == AppendStatus.Gone);

        Assert.Equal(AppendStatus.Stored, result.Status);
        await queues.Commits.WaitAsync(result.Commit);
    }

    /// <summary>Takes as a gateway does; the item stays open.</summary>
    public async Task<TakeResult> OpenReadAsync(string name, long session, TimeSpan wait = default)
        => (await ReadAsync(name, session, wait)).Result;

    /// <summary>Takes an item and closes it.</summary>
    public async Task<string> TakeAsync(string name, long session = 1, TimeSpan wait = default)
    {
        var (queue, taken) = await ReadAsync(name, session, wait);
        if (taken.Status == TakeStatus.Taken)
        {
            await queue!.CloseAsync(Shorthand.Session(session), taken.Item.Sequence);
        }

        return taken.Text();
    }

    private async Task<(IQueue? Queue, TakeResult Result)> ReadAsync(string name, long session, TimeSpan wait)
    {
        while (true)
        {
            var queue = wait > TimeSpan.Zero
                ? await Router.FindForWaitAsync(QueueName.Parse(name))
                : await FindAsync(name);
            var result = queue is null
                ? default
                : await queue.TakeAsync(Shorthand.Session(session), TakeMode.Open, wait);
            if (result.Status != TakeStatus.Gone)
            {
                return (queue, result);
            }
        }
    }
}
