using Siberite.Contracts;
using Siberite.Testing.Stores;
using static Siberite.Cluster.Tests.ClusterActs;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>One loose queue over several silos.</summary>
public sealed class LooseQueueTests
{
    [Fact]
    public async Task Items_go_to_the_local_shard_and_are_taken_there_first()
    {
        await using var cluster = await StartAsync(2);
        await cluster.Silos[0].AppendAsync("loose", "of 0");
        await cluster.Silos[1].AppendAsync("loose", "of 1");

        Assert.Equal("of 0", await cluster.Silos[0].TakeAsync("loose"));
        Assert.Equal("of 1", await cluster.Silos[1].TakeAsync("loose"));
    }

    [Fact]
    public async Task What_is_not_here_is_taken_from_others_in_the_order_of_their_shard()
    {
        await using var cluster = await StartAsync(3);
        for (var i = 0; i < 5; i++)
        {
            await cluster.Silos[1].AppendAsync("loose", $"{i}");
        }

        var taken = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            taken.Add(await cluster.Silos[i % 2 == 0 ? 0 : 2].TakeAsync("loose"));
        }

        Assert.Equal(["0", "1", "2", "3", "4", "Empty"], taken);
    }

    /// <remarks>
    /// Goal: an item from another shard is closed and given back in its own shard, whichever numbers the shards share.
    /// Method: open the first items of two shards, whose sequences are equal, through one silo.
    /// </remarks>
    [Fact]
    public async Task A_sequence_tells_the_shard()
    {
        await using var cluster = await StartAsync(2);
        await cluster.Silos[0].AppendAsync("loose", "here");
        await cluster.Silos[1].AppendAsync("loose", "there");
        var queue = await cluster.Silos[0].OpenAsync("loose");

        var here = await cluster.Silos[0].OpenReadAsync("loose", session: 1);
        var there = await cluster.Silos[0].OpenReadAsync("loose", session: 1, LongWait);
        Assert.Equal(("here", "there"), (here.Text(), there.Text()));
        Assert.NotEqual(here.Item.Sequence, there.Item.Sequence);
        await queue.AbortAsync(cluster.Silos[0].Session(1), there.Item.Sequence);
        await queue.CloseAsync(cluster.Silos[0].Session(1), here.Item.Sequence);

        Assert.Equal("there", await cluster.Silos[1].TakeAsync("loose"));
        Assert.Equal("Empty", await cluster.Silos[1].TakeAsync("loose"));
    }

    [Fact]
    public async Task A_wait_wakes_for_an_item_of_another_silo()
    {
        await using var cluster = await StartAsync(3);
        await cluster.Silos[1].AppendAsync("loose", "first");
        Assert.Equal("first", await cluster.Silos[0].TakeAsync("loose"));

        var waits = Enumerable.Range(0, 3)
            .Select(i => cluster.Silos[0].TakeAsync("loose", session: 10 + i, LongWait))
            .ToArray();
        for (var i = 0; i < 3; i++)
        {
            await cluster.Silos[1 + (i % 2)].AppendAsync("loose", $"item {i}");
        }

        Assert.Equal(["item 0", "item 1", "item 2"], (await Task.WhenAll(waits)).Order());
    }

    /// <remarks>
    /// Goal: a wait that has its item from its own silo does not fetch another elsewhere, which would have it give one
    /// of the two back, out of their order.
    /// Method: while a silo that is new to the queue still asks what others have, an item comes to its own shard.
    /// </remarks>
    [Fact]
    public async Task A_wait_that_was_served_here_while_it_learned_asks_nobody()
    {
        var calls = new CallCounter();
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cluster = await StartAsync(2, calls);
        await cluster.Silos[1].AppendAsync("loose", "there");
        calls.Hold = context =>
            context.MethodName == nameof(IShardsGrain.CountAsync) ? answered.Task : Task.CompletedTask;

        var wait = cluster.Silos[0].TakeAsync("loose", session: 1, LongWait);
        await TestCluster.UntilAsync(() => calls[nameof(IShardsGrain.CountAsync)] > 0);
        await cluster.Silos[0].AppendAsync("loose", "here");
        answered.SetResult();

        Assert.Equal("here", await wait);
        Assert.Equal(0, calls.TakeCount);
        Assert.Equal("there", await cluster.Silos[1].TakeAsync("loose"));
    }

    [Fact]
    public async Task A_wait_for_a_queue_that_does_not_exist_wakes_for_its_first_item()
    {
        await using var cluster = await StartAsync(2);

        var wait = cluster.Silos[0].TakeAsync("loose-new", session: 1, LongWait);
        await cluster.Silos[1].AppendAsync("loose-new", "first");

        Assert.Equal("first", await wait);
    }

    /// <remarks>
    /// Goal: a get asks other silos only for items they are known to have.
    /// Method: count the takes that reach grains while a queue that is empty everywhere is asked a hundred times.
    /// </remarks>
    [Fact]
    public async Task Empty_shards_are_not_polled()
    {
        var calls = new CallCounter();
        await using var cluster = await StartAsync(3, calls);
        await cluster.Silos[1].AppendAsync("loose", "one");
        Assert.Equal("one", await cluster.Silos[0].TakeAsync("loose"));
        Assert.Equal("Empty", await cluster.Silos[0].TakeAsync("loose"));
        calls.Reset();

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("Empty", await cluster.Silos[0].TakeAsync("loose"));
        }

        Assert.Equal(0, calls.TakeCount);
    }

    /// <remarks>
    /// Goal: waiting silos do not all come for each item.
    /// Method: three silos wait all the time, a fourth is given one item after another; at most a second silo may come
    /// for some of them, where news crossed.
    /// </remarks>
    [Fact]
    public async Task One_item_does_not_make_every_silo_come()
    {
        const int ItemCount = 50;
        var calls = new CallCounter();
        await using var cluster = await StartAsync(4, calls);
        var source = cluster.Silos[3];
        await source.AppendAsync("loose", "warm-up");
        Assert.Equal("warm-up", await source.TakeAsync("loose"));
        var consumed = new int[3];
        var consumers = Enumerable.Range(0, 3).Select(ConsumeAsync).ToArray();
        await TestCluster.UntilAsync(() => calls["ExpectAsync"] >= 3);
        calls.Reset();

        for (var i = 0; i < ItemCount; i++)
        {
            await source.AppendAsync("loose", $"{i}");
            await TestCluster.UntilAsync(() => consumed.Sum() == i + 1);
        }

        Assert.InRange(calls.TakeCount, ItemCount, (int)(2.5 * ItemCount));
        await cluster.EndWaitsAsync(consumers);
        await Task.WhenAll(consumers);

        async Task ConsumeAsync(int silo)
        {
            while (await cluster.Silos[silo].TakeAsync("loose", session: silo, LongWait) != "Empty")
            {
                Interlocked.Increment(ref consumed[silo]);
            }
        }
    }

    [Fact]
    public async Task A_dead_silo_takes_its_own_items_away_and_brings_them_back()
    {
        await using var cluster = await StartAsync(3);
        await cluster.Silos[1].AppendAsync("loose", "of 1");
        await cluster.Silos[2].AppendAsync("loose", "of 2");
        Assert.Equal("Empty", await cluster.Silos[0].TakeAsync("loose-other"));

        var survivor = await cluster.KillAndDeclareAsync(cluster.Silos[2]);
        Assert.Equal("of 1", await cluster.Silos[0].TakeAsync("loose"));
        Assert.Equal("Empty", await cluster.Silos[0].TakeAsync("loose"));
        await cluster.Silos[0].AppendAsync("loose", "of 0");
        Assert.Equal("of 0", await cluster.Silos[1].TakeAsync("loose", session: 1, LongWait));

        await cluster.AddLooseAsync(survivor);
        var back = await cluster.Silos[0].OpenReadAsync("loose", session: 5, LongWait);
        Assert.Equal("of 2", back.Text());
    }

    [Fact]
    public async Task A_new_silo_takes_part_at_once()
    {
        await using var cluster = await StartAsync(2);
        await cluster.Silos[0].AppendAsync("loose", "old");

        var added = await cluster.AddLooseAsync(new MemoryQueueStore());

        Assert.Equal("old", await added.TakeAsync("loose"));
        await added.AppendAsync("loose", "new");
        Assert.Equal("new", await cluster.Silos[1].TakeAsync("loose", session: 1, LongWait));
    }

    [Fact]
    public async Task Purge_and_delete_reach_every_shard()
    {
        await using var cluster = await StartAsync(3);
        foreach (var silo in cluster.Silos)
        {
            await silo.AppendAsync("loose", "purged");
        }

        await (await cluster.Silos[0].OpenAsync("loose")).PurgeAsync();
        Assert.Equal(0, cluster.Silos.Sum(silo => silo.Queues.ItemCount));

        foreach (var silo in cluster.Silos)
        {
            await silo.AppendAsync("loose", "deleted");
        }

        await cluster.Silos[0].Router.DeleteAsync(QueueName.Parse("loose"));
        Assert.Equal(0, cluster.Silos.Sum(silo => silo.Queues.QueueCount));
        Assert.Null(await cluster.Silos[1].Grains.GetGrain<IQueueDirectoryGrain>("loose").FindAsync());

        await cluster.Silos[1].AppendAsync("loose", "again");
        Assert.Equal("again", await cluster.Silos[2].TakeAsync("loose", session: 1, LongWait));
    }

    [Fact]
    public async Task A_set_to_several_queues_stays_on_one_silo()
    {
        await using var cluster = await StartAsync(2);
        QueueName[] names = [QueueName.Parse("loose-a"), QueueName.Parse("loose-b")];

        var result = await cluster.Silos[1].Router.AppendToAllAsync(names, Draft("both"));

        Assert.Equal(AppendStatus.Stored, result.Status);
        Assert.Equal(2, cluster.Silos[1].Queues.ItemCount);
        Assert.Equal("both", await cluster.Silos[0].TakeAsync("loose-a"));
        Assert.Equal("both", await cluster.Silos[0].TakeAsync("loose-b"));
    }

    /// <remarks>
    /// Goal: nothing is lost or delivered twice while all silos append and take at once.
    /// Method: count what consumers on all silos got. Of order nothing is asked: an item that was won twice over goes
    /// back to its place, and others may have passed it meanwhile.
    /// </remarks>
    [Fact]
    public async Task All_silos_at_once_lose_nothing_and_repeat_nothing()
    {
        const int ItemCount = 200;
        await using var cluster = await StartAsync(3);
        var taken = new List<string>[3];
        var producers = cluster.Silos.Select((silo, i) => ProduceAsync(silo, i)).ToArray();
        var consumers = cluster.Silos.Select((silo, i) => ConsumeAsync(silo, i)).ToArray();
        await Task.WhenAll(producers);
        await TestCluster.UntilAsync(() => cluster.Silos.Sum(silo => silo.Queues.ItemCount) == 0);
        await TestCluster.UntilAsync(() => Total() == 3 * ItemCount);
        await cluster.EndWaitsAsync(consumers);
        await Task.WhenAll(consumers);

        Assert.Equal(3 * ItemCount, taken.SelectMany(items => items).Distinct().Count());
        Assert.Equal(3 * ItemCount, taken.Sum(items => items.Count));

        int Total() => taken.Sum(items =>
        {
            lock (items)
            {
                return items.Count;
            }
        });

        static async Task ProduceAsync(ClusterSilo silo, int number)
        {
            for (var i = 0; i < ItemCount; i++)
            {
                await silo.AppendAsync("loose", $"{number}-{i:0000}");
            }
        }

        async Task ConsumeAsync(ClusterSilo silo, int number)
        {
            var items = taken[number] = [];
            while (await silo.TakeAsync("loose", session: number, LongWait) is var item && item != "Empty")
            {
                lock (items)
                {
                    items.Add(item);
                }
            }
        }
    }

    private static Task<TestCluster> StartAsync(int siloCount, CallCounter? calls = null)
        => WithLooseQueuesAsync(TestCluster.StartAsync(
            siloCount, configureSilo: calls is null ? null : silo => silo.AddIncomingGrainCallFilter(calls)));
}
