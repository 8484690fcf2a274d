using Microsoft.Extensions.DependencyInjection;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Adds what loose queues and moves of queues need.</summary>
internal static class LooseHosting
{
    public static void AddLooseQueues(this ISiloBuilder silo)
    {
        silo.Services.AddSingleton<IActiveStores, ActiveStores>();
        silo.Services.AddSingleton<IShardPost, ShardPost>();
        silo.Services.AddSingleton<ShardHerald>();
        silo.Services.AddSingleton<LooseQueues>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => services.GetRequiredService<LooseQueues>());
        silo.Services.AddSingleton<QueueMover>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => services.GetRequiredService<QueueMover>());
        silo.Services.AddSingleton<SiloDrain>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => services.GetRequiredService<SiloDrain>());
        silo.Services.AddSingleton<IQueueMoves, QueueMoves>();
    }
}
