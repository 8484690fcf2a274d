using Siberite.Contracts;
using Siberite.Queues;
using static Siberite.Cluster.Tests.ClusterActs;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>A strict queue on its way to another silo.</summary>
public sealed class MovingTests
{
    private static readonly QueueName Work = QueueName.Parse("work");

    [Fact]
    public async Task A_queue_moves_with_its_items_in_order_and_is_found_from_everywhere()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Silos[0].FillAsync("work", 5_000);

        await MoveAsync(cluster.Silos[0], cluster.Silos[1]);

        Assert.Null(cluster.Silos[0].Queues.Find(Work));
        Assert.Equal(5_000, cluster.Silos[1].Queues.Find(Work)!.WaitingCount);
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal($"{i:00000}", await cluster.Silos[i % 3].TakeAsync("work"));
        }
    }

    /// <remarks>
    /// Goal: what was closed stays closed, what was open goes back to its place, and sums are right, also after the
    /// target was restarted.
    /// Method: close items out of order and leave one open; look at what the target serves, then kill it.
    /// </remarks>
    [Fact]
    public async Task Closed_items_stay_closed_and_open_reads_return()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.Silos[0].FillAsync("work", 10);
        var queue = await cluster.Silos[0].OpenAsync("work");
        var open = new List<TakeResult>();
        for (var i = 0; i < 6; i++)
        {
            open.Add(await queue.TakeAsync(cluster.Silos[0].Session(i), TakeMode.Open, TimeSpan.Zero));
        }

        foreach (var i in (int[])[0, 2, 3, 5])
        {
            await queue.CloseAsync(cluster.Silos[0].Session(i), open[i].Item.Sequence);
        }

        await MoveAsync(cluster.Silos[0], cluster.Silos[1]);
        await queue.CloseAsync(cluster.Silos[0].Session(1), open[1].Item.Sequence);

        var stats = cluster.Silos[1].Queues.GetStats(Work).Single();
        Assert.Equal((6, 30, 10), (stats.ItemCount, stats.ItemBytes, stats.AppendedCount));
        var survivor = await cluster.KillAndDeclareAsync(cluster.Silos[1]);
        var back = await cluster.AddAsync(survivor);
        stats = back.Queues.GetStats(Work).Single();
        Assert.Equal((6, 30, 10), (stats.ItemCount, stats.ItemBytes, stats.AppendedCount));
        foreach (var expected in (string[])["00001", "00004", "00006", "00007", "00008", "00009", "Empty"])
        {
            Assert.Equal(expected, await back.TakeAsync("work"));
        }

        await back.AppendAsync("work", "next");
        Assert.Equal(11, back.Queues.GetStats(Work).Single().AppendedCount);
    }

    [Fact]
    public async Task Those_who_wait_go_on_waiting_at_the_new_home()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Silos[0].FillAsync("work", 1);
        Assert.Equal("00000", await cluster.Silos[2].TakeAsync("work"));
        var local = cluster.Silos[0].TakeAsync("work", session: 10, LongWait);
        var remote = cluster.Silos[2].TakeAsync("work", session: 11, LongWait);
        await TestCluster.UntilAsync(() => cluster.Silos[0].Queues.GetStats(Work).Single().WaiterCount == 2);

        await MoveAsync(cluster.Silos[0], cluster.Silos[1]);
        await cluster.Silos[1].AppendAsync("work", "a");
        await cluster.Silos[2].AppendAsync("work", "b");

        Assert.Equal(["a", "b"], (await Task.WhenAll(local, remote)).Order());
    }

    /// <remarks>
    /// Goal: nothing is lost, repeated or reordered while a queue moves back and forth under load.
    /// Method: producers and consumers on all silos; items of one producer must come in order and all must come once;
    /// open reads that run out of grace may come twice, so consumers close at once.
    /// </remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task A_queue_moves_under_load_without_loss_and_in_order(int seed) => MoveUnderLoadAsync(seed);

    /// <remarks>The same with more luck of the draw.</remarks>
    [Fact, Trait("Category", "Slow")]
    public async Task Many_queues_move_under_load_without_loss_and_in_order()
    {
        for (var seed = 3; seed <= 12; seed++)
        {
            await MoveUnderLoadAsync(seed);
        }
    }

    [Fact]
    public async Task A_queue_that_moves_refuses_to_be_deleted_or_moved_again()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.Silos[0].FillAsync("work", 10);
        var mover = Mover(cluster.Silos[0]);
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        mover.AfterStep = step =>
        {
            if (step == 3)
            {
                held.Set();
                release.Wait(TestContext.Current.CancellationToken);
            }
        };
        var move = mover.Begin(Work, cluster.Silos[1].Queues.StoreId);
        held.Wait(TestContext.Current.CancellationToken);

        var refusal = Assert.Throws<SiberiteException>(() => mover.Begin(Work, cluster.Silos[1].Queues.StoreId));
        Assert.Equal(SiberiteError.QueueMoving, refusal.Error);
        refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () => await cluster.Silos[1].Router.DeleteAsync(Work));
        Assert.Equal(SiberiteError.QueueMoving, refusal.Error);
        var append = (await cluster.Silos[0].OpenAsync("work")).AppendAsync(Draft("meanwhile")).AsTask();
        Assert.False(append.IsCompleted);

        release.Set();
        await move.End;
        Assert.Equal(AppendStatus.Gone, (await append).Status);
        Assert.Equal(10, cluster.Silos[1].Queues.Find(Work)!.WaitingCount);
    }

    [Fact]
    public async Task A_move_that_cannot_be_made_leaves_the_queue_where_it_is()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.Silos[0].FillAsync("work", 10);
        await cluster.Silos[1].Queues.Open(Work).AppendAsync(Draft("of its own"));

        var move = Mover(cluster.Silos[0]).Begin(Work, cluster.Silos[1].Queues.StoreId);
        await move.End;

        Assert.Equal(MoveStep.Failed, move.Status.Step);
        Assert.Contains("of its own", move.Status.Failure, StringComparison.Ordinal);
        Assert.Equal("00000", await cluster.Silos[0].TakeAsync("work"));
    }

    /// <remarks>
    /// Goal: an operator hears of the move that he began, not of one that an earlier home remembers.
    /// Method: move a queue through all silos, and ask while the last move is under way and after it.
    /// </remarks>
    [Fact]
    public async Task Of_several_moves_the_latest_is_told_and_a_certain_one_on_request()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Silos[0].FillAsync("work", 10);
        await MoveAsync(cluster.Silos[0], cluster.Silos[1]);
        var moves = cluster.Silos[0].Get<IQueueMoves>();
        var first = await moves.FindMoveAsync(Work);
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        Mover(cluster.Silos[1]).AfterStep = step =>
        {
            if (step == 3)
            {
                held.Set();
                release.Wait(TestContext.Current.CancellationToken);
            }
        };

        var second = Mover(cluster.Silos[1]).Begin(Work, cluster.Silos[2].Queues.StoreId);
        held.Wait(TestContext.Current.CancellationToken);
        Assert.Equal((second.Id, MoveStep.HandingOver), StateOf(await moves.FindMoveAsync(Work)));
        release.Set();
        await second.End;

        Assert.Equal((second.Id, MoveStep.Done), StateOf(await moves.FindMoveAsync(Work)));
        Assert.Equal(first, await moves.FindMoveAsync(Work, first!.Move));
        Assert.Null(await moves.FindMoveAsync(Work, Guid.NewGuid()));

        static (Guid, MoveStep) StateOf(MoveStatus? status) => (status!.Move, status.Step);
    }

    internal static QueueMover Mover(ClusterSilo silo) => silo.Get<QueueMover>();

    [Fact]
    public async Task A_queue_in_memory_moves_with_its_items_and_goes_on_in_memory()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (source, target) = (cluster.Silos[0], cluster.Silos[1]);
        foreach (var silo in cluster.Silos)
        {
            silo.Queues.Settings.Replace(
                new QueueSettings([new QueueLayer("work", options => options.KeepJournal = false)]));
        }

        await source.FillAsync("work", 3_000);
        Assert.Equal("00000", await source.TakeAsync("work"));
        var open = await source.OpenReadAsync("work", session: 7);
        await MoveAsync(source, target);

        Assert.Equal((0L, 0L), (source.Queues.ItemCount, source.Queues.MemoryItemBytes));
        Assert.Equal("00001", open.Text());
        await source.AppendAsync("work", "last");
        for (var i = 1; i < 3_000; i++)
        {
            Assert.Equal($"{i:00000}", await cluster.Silos[i % 2].TakeAsync("work"));
        }

        Assert.Equal("last", await source.TakeAsync("work"));
        await source.AppendAsync("work", "in memory");
        Assert.True(target.Queues.MemoryItemBytes > 0);
        Assert.Equal("in memory", await source.TakeAsync("work"));
    }

    internal static async Task MoveAsync(ClusterSilo source, ClusterSilo target)
    {
        var move = Mover(source).Begin(Work, target.Queues.StoreId);
        await move.End;
        Assert.Equal((MoveStep.Done, null), (move.Status.Step, move.Status.Failure));
    }

    private static async Task MoveUnderLoadAsync(int seed)
    {
        const int ItemCount = 400;
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Silos[0].FillAsync("work", 100 * seed);
        var ledger = new ConsumptionLedger();
        var consumer = Task.Run(() => ConsumeAsync(cluster.Silos[seed % 3], ledger));
        var producers = cluster.Silos.Select((silo, i) => Task.Run(() => ProduceAsync(silo, i))).ToArray();

        var home = 0;
        var random = new Random(seed);
        while (!producers.All(producer => producer.IsCompleted))
        {
            var target = (home + random.Next(1, 3)) % 3;
            await MoveAsync(cluster.Silos[home], cluster.Silos[target]);
            home = target;
        }

        await Task.WhenAll(producers);
        await TestCluster.UntilAsync(() => ledger.Count >= (3 * ItemCount) + (100 * seed));
        await cluster.EndWaitsAsync(consumer);
        await consumer;
        Assert.Equal((3 * ItemCount) + (100 * seed), ledger.Items.Distinct().Count());
        foreach (var producer in ledger.Items.Where(item => item.Contains('-')).GroupBy(item => item[0]))
        {
            Assert.Equal(producer.Order(StringComparer.Ordinal), producer);
        }

        static async Task ProduceAsync(ClusterSilo silo, int number)
        {
            for (var i = 0; i < ItemCount; i++)
            {
                await silo.AppendAsync("work", $"{number}-{i:0000}");
            }
        }
    }

    private static async Task ConsumeAsync(ClusterSilo silo, ConsumptionLedger ledger)
    {
        while (await silo.TakeAsync("work", session: 99, LongWait) is var item && item != "Empty")
        {
            ledger.Add(item);
        }
    }

    private sealed class ConsumptionLedger
    {
        private readonly List<string> _items = [];

        public int Count
        {
            get
            {
                lock (_items)
                {
                    return _items.Count;
                }
            }
        }

        public string[] Items
        {
            get
            {
                lock (_items)
                {
                    return [.. _items];
                }
            }
        }

        public void Add(string item)
        {
            lock (_items)
            {
                _items.Add(item);
            }
        }
    }
}
