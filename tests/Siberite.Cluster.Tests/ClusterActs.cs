using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

/// <summary>What clients on a silo do, as its gateway does it for them: it resolves a name again when the queue is
/// gone.</summary>
internal static class ClusterActs
{
    public static readonly TimeSpan LongWait = TimeSpan.FromSeconds(60);

    /// <summary>Makes queues whose names begin with <c>loose</c> loose, on every silo.</summary>
    public static async Task<TestCluster> WithLooseQueuesAsync(Task<TestCluster> starting)
    {
        var cluster = await starting;
        foreach (var silo in cluster.Silos)
        {
            silo.SetModes();
        }

        return cluster;
    }

    public static void SetModes(this ClusterSilo silo)
        => silo.Queues.Settings.Replace(
            new QueueSettings([new QueueLayer("loose*", options => options.Mode = QueueMode.Loose)]));

    /// <summary>A crash and its discovery.</summary>
    public static async Task<MemoryQueueStore> KillAndDeclareAsync(this TestCluster cluster, ClusterSilo silo)
    {
        var disk = await cluster.KillAsync(silo);
        await TestCluster.DeclareDeadAsync(cluster.Silos[0], silo);
        await cluster.UntilKnownAsync(silo, isHere: false);
        return disk;
    }

    public static async Task<ClusterSilo> AddLooseAsync(this TestCluster cluster, MemoryQueueStore store)
    {
        var silo = await cluster.AddAsync(store);
        silo.SetModes();
        await cluster.UntilKnownAsync(silo);
        foreach (var other in cluster.Silos)
        {
            await TestCluster.UntilAsync(
                () => silo.View.Silos.Any(known => known.Key.Equals(other.Address)));
        }

        return silo;
    }

    /// <summary>Ends waits on all silos until <paramref name="consumers"/> have all ended: one may just have begun
    /// another.</summary>
    public static Task EndWaitsAsync(this TestCluster cluster, params Task[] consumers)
        => TestCluster.UntilAsync(() =>
        {
            foreach (var silo in cluster.Silos)
            {
                silo.Queues.EndWaits();
            }

            return consumers.All(consumer => consumer.IsCompleted);
        });

    public static async Task AppendAsync(this ClusterSilo silo, string name, string payload)
    {
        AppendResult result;
        do
        {
            result = await (await silo.OpenAsync(name)).AppendAsync(Shorthand.Draft(payload));
        }
        while (result.Status == AppendStatus.Gone);

        Assert.Equal(AppendStatus.Stored, result.Status);
        await silo.Queues.Commits.WaitAsync(result.Commit);
    }

    /// <summary>Takes; the item stays open.</summary>
    public static async Task<TakeResult> OpenReadAsync(
        this ClusterSilo silo, string name, long session, TimeSpan wait = default)
        => (await silo.ReadAsync(name, session, wait)).Result;

    /// <summary>Takes an item and closes it.</summary>
    public static async Task<string> TakeAsync(
        this ClusterSilo silo, string name, long session = 1, TimeSpan wait = default)
    {
        var (queue, taken) = await silo.ReadAsync(name, session, wait);
        if (taken.Status == TakeStatus.Taken)
        {
            await queue!.CloseAsync(silo.Session(session), taken.Item.Sequence);
        }

        return taken.Text();
    }

    /// <summary>A strict queue that has its home on this silo, with items <c>00000</c> and so on.</summary>
    public static async Task FillAsync(this ClusterSilo silo, string name, int count)
    {
        await silo.Grains.GetGrain<IQueueDirectoryGrain>(name).OpenAsync(silo.Queues.StoreId);
        Commit last = default;
        var queue = Assert.IsType<Queue>(await silo.OpenAsync(name));
        for (var i = 0; i < count; i++)
        {
            last = (await queue.AppendAsync(Shorthand.Draft($"{i:00000}"))).Commit;
        }

        await silo.Queues.Commits.WaitAsync(last);
    }

    private static async Task<(IQueue? Queue, TakeResult Result)> ReadAsync(
        this ClusterSilo silo, string name, long session, TimeSpan wait)
    {
        while (true)
        {
            var queue = wait > TimeSpan.Zero
                ? await silo.Router.FindForWaitAsync(QueueName.Parse(name))
                : await silo.Router.FindAsync(QueueName.Parse(name));
            var result = queue is null
                ? default
                : await queue.TakeAsync(silo.Session(session), TakeMode.Open, wait);
            if (result.Status != TakeStatus.Gone)
            {
                return (queue, result);
            }
        }
    }
}
