using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster.Tests;

/// <summary>Either silo of a move crashes after any of its steps.</summary>
[Trait("Category", "Slow")]
public sealed class MoveCrashTests
{
    private const int ItemCount = 50;
    private static readonly QueueName Work = QueueName.Parse("work");

    /// <remarks>
    /// Goal: wherever the source crashes there is one home with everything, and nothing is left over.
    /// Method: hold the move after a step, cut the source's power, bring it back with its disk, and take all items
    /// through a third silo.
    /// </remarks>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    [InlineData(7, false)]
    [InlineData(8, false)]
    public async Task The_source_crashes(int step, bool staysAtSource)
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (source, target, client) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        await PrepareAsync(source);
        using var hold = new Hold(source, step);
        _ = source.Get<QueueMover>().Begin(Work, target.Queues.StoreId);
        await hold.Reached;

        var disk = await cluster.KillAsync(source);
        await TestCluster.DeclareDeadAsync(client, source);
        await cluster.UntilKnownAsync(source, isHere: false);
        source = await cluster.AddAsync(disk);

        await CheckAsync(client, source, target, staysAtSource ? source : target);
    }

    /// <remarks>As above for the target; the source runs on.</remarks>
    [Theory]
    [InlineData(1, true)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    [InlineData(7, false)]
    public async Task The_target_crashes(int step, bool staysAtSource)
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var (source, target, client) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        await PrepareAsync(source);
        using var hold = new Hold(source, step);
        var move = source.Get<QueueMover>().Begin(Work, target.Queues.StoreId);
        await hold.Reached;

        var disk = await cluster.KillAsync(target);
        await TestCluster.DeclareDeadAsync(client, target);
        await cluster.UntilKnownAsync(target, isHere: false);
        hold.Dispose();
        target = await cluster.AddAsync(disk);
        await move.End;

        await CheckAsync(client, source, target, staysAtSource ? source : target);
    }

    /// <summary>Items of which some are closed, synced, so that a power cut leaves them so.</summary>
    private static async Task PrepareAsync(ClusterSilo source)
    {
        await source.FillAsync("work", ItemCount);
        var queue = await source.OpenAsync("work");
        var read = await queue.TakeAsync(source.Session(1), TakeMode.Open, TimeSpan.Zero);
        var kept = await queue.TakeAsync(source.Session(1), TakeMode.Open, TimeSpan.Zero);
        var closed = await queue.CloseAsync(source.Session(1), read.Item.Sequence);
        await queue.AbortAsync(source.Session(1), kept.Item.Sequence);
        await source.Queues.Commits.WaitAsync(closed with { Level = CommitLevel.Synced });
    }

    private static async Task CheckAsync(ClusterSilo client, ClusterSilo source, ClusterSilo target, ClusterSilo home)
    {
        var other = home == source ? target : source;
        await TestCluster.UntilAsync(() => source.Queues.Moves.All(move => move.Stage != MoveStage.Departed));
        foreach (var silo in (ClusterSilo[])[source, target])
        {
            await SettleAsync(silo);
        }

        Assert.Null(other.Queues.FindOpened(Work));
        for (var i = 1; i < ItemCount; i++)
        {
            Assert.Equal($"{i:00000}", await TakeAsync(client));
        }

        Assert.Equal("Empty", await TakeAsync(client));
        Assert.Equal(ItemCount, home.Queues.GetStats(Work).Single().AppendedCount);
    }

    /// <summary>Asks until every leftover is settled: a silo that has just come back may not be known yet.</summary>
    private static async Task SettleAsync(ClusterSilo silo)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var tries = 0; tries < 500 && silo.Queues.Moves.Count > 0; tries++)
        {
            foreach (var left in silo.Queues.Moves)
            {
                await silo.Get<QueueMover>().AskAboutAsync(left);
            }

            await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        Assert.Empty(silo.Queues.Moves);
    }

    /// <summary>A silo that has just come back may not be known yet.</summary>
    private static async Task<string> TakeAsync(ClusterSilo client)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await client.TakeAsync("work");
            }
            catch (SiberiteException e) when (tries < 500
                && e.Error is SiberiteError.QueueUnavailable or SiberiteError.QueueMoving)
            {
                await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Stops a silo's moves after a step, until it is disposed of.</summary>
    private sealed class Hold : IDisposable
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Hold(ClusterSilo silo, int step)
            => silo.Get<QueueMover>().AfterStep = reached =>
            {
                if (reached == step && _reached.TrySetResult())
                {
                    _released.Wait(TimeSpan.FromMinutes(2));
                }
            };

        public Task Reached => _reached.Task;

        public void Dispose() => _released.Set();
    }
}
