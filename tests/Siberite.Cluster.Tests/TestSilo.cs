using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster.Tests;

/// <summary>A whole standalone silo in this process, over a store in memory.</summary>
internal sealed class TestSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private TestSilo(IHost host, LocalQueues queues)
    {
        _host = host;
        Queues = queues;
    }

    public LocalQueues Queues { get; }

    public IServiceProvider Services => _host.Services;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    public IQueueRouter Router => Services.GetRequiredService<IQueueRouter>();

    public static async Task<TestSilo> StartAsync(
        MemoryQueueStore store,
        QueueRoute route = QueueRoute.Direct,
        TimeSpan? waitSlice = null,
        int maxQueues = 1_000,
        TimeProvider? engineTime = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(Options.Create(new ClusterOptions
        {
            LocalRoute = route,
            WaitSlice = waitSlice ?? TimeSpan.FromSeconds(5),
        }));
        var queues = NewEngine(store, engineTime ?? TimeProvider.System, maxQueues);
        builder.Services.AddSingleton(queues);
        builder.Services.AddSingleton<IQueueSettingReader, TestSettingReader>();
        builder.AddSiberiteCluster(store.Id);
        var silo = new TestSilo(builder.Build(), queues);
        await silo._host.StartAsync(TestContext.Current.CancellationToken);
        return silo;
    }

    public static LocalQueues NewEngine(IQueueStore store, TimeProvider time, int maxQueues = 1_000)
        => new(store, new EngineOptions { MaxQueues = maxQueues }, new StorageOptions(), time,
            NullLogger<LocalQueues>.Instance);

    public IQueueGrain QueueGrain(string name)
        => Grains.GetGrain<IQueueGrain>(new QueueAddress(QueueName.Parse(name), Queues.StoreId).ToKey());

    public IQueueDirectoryGrain Directory(string name) => Grains.GetGrain<IQueueDirectoryGrain>(name);

    public async ValueTask<IQueue> OpenAsync(string name) => await Router.OpenAsync(QueueName.Parse(name));

    /// <summary>Takes every activation away that runs nothing.</summary>
    public Task DeactivateAllAsync()
        => Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);

    public Task StopAsync() => _host.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _host.Dispose();
        Queues.Dispose();
    }
}

/// <summary>Short forms for drafts and what comes of them.</summary>
internal static class Shorthand
{
    public static ItemDraft Draft(string payload) => Draft(System.Text.Encoding.ASCII.GetBytes(payload));

    public static ItemDraft Draft(byte[] payload)
        => new(new ReadOnlySequence<byte>(payload), Flags: 7, ExpiresAt: 0, MustSync: false);

    public static string Text(this TakeResult taken)
        => taken.Status == TakeStatus.Taken
            ? System.Text.Encoding.ASCII.GetString(taken.Item.Payload)
            : taken.Status.ToString();

    public static SessionId Session(long number) => new(Gateway: 1, number);
}
