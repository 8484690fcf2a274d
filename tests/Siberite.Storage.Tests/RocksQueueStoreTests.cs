using Siberite.Queues;

namespace Siberite.Storage.Tests;

[Collection(nameof(RunsAlone))]
public sealed class RocksQueueStoreTests : IDisposable
{
    private const int PayloadBytes = 1_000;
    private const int ItemsPerBatch = 1_000;

    private readonly TemporaryDirectory _directory = new();

    /// <remarks>Random payloads, so that compression does not do the work.</remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [Trait("Category", "Slow")]
    public void A_drained_queue_gives_its_disk_space_back(int queueCount)
    {
        const int Items = 300_000;
        using var store = _directory.OpenWithoutPacks();
        Fill(store, Items, queueCount);
        var full = TemporaryDirectory.BytesIn(_directory.Store);
        Assert.InRange(full, 250L << 20, 700L << 20);

        for (var queueId = 1; queueId <= queueCount; queueId++)
        {
            store.Commit(batch => batch.TrimItems(queueId, 1, Items + 1));
            store.ReclaimSpace(queueId, Items + 1, isEmpty: true);
        }

        var left = TemporaryDirectory.BytesIn(_directory.Store);
        TestContext.Current.TestOutputHelper?.WriteLine($"{full:N0} bytes before, {left:N0} after.");
        Assert.InRange(left, 0, 2 << 20);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_half_read_backlog_gives_back_about_half_and_keeps_the_rest()
    {
        const int Items = 300_000;
        const int Read = Items / 2;
        using var store = _directory.OpenWithoutPacks();
        Fill(store, Items, queueCount: 1);

        // Compaction is still sorting files; what matters is where it ends.
        store.Commit(batch => batch.TrimItems(1, 1, Read + 1));
        store.ReclaimSpace(1, Read + 1, isEmpty: false);
        var left = TemporaryDirectory.BytesIn(_directory.Store);
        TestContext.Current.TestOutputHelper?.WriteLine($"{left:N0} bytes left.");
        Assert.InRange(left, 140L << 20, 300L << 20);

        var expected = Read + 1L;
        while (expected <= Items)
        {
            var items = new List<StoredItem>();
            store.ReadItems(1, expected, long.MaxValue, 1 << 20, items);
            foreach (var item in items)
            {
                Assert.Equal(expected++, item.Header.Sequence);
            }
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_hundred_thousand_queues_are_found_again()
    {
        const int Queues = 100_000;
        using (var store = _directory.OpenStore())
        {
            var batch = store.CreateBatch();
            for (var round = 0; round < 3; round++)
            {
                for (var queueId = 1; queueId <= Queues; queueId++)
                {
                    batch.PutQueue(new QueueRecord(queueId, $"queue-{queueId}", 0));
                    batch.Append(queueId, round + 1, new byte[PayloadBytes]);
                    batch.PutReader(queueId, 0, new ReaderState(1, 0, default));
                    if (queueId % ItemsPerBatch == 0)
                    {
                        store.Write(batch);
                        batch.Clear();
                    }
                }
            }
        }

        using var reopened = _directory.OpenStore();
        var queues = reopened.LoadQueues();

        Assert.Equal(Queues, queues.Count);
        Assert.All(queues, queue => Assert.Equal(3, queue.LastSequence));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_backlog_costs_little_memory_and_a_start_does_not_read_it()
    {
        const int Items = 1_000_000;
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch => batch.PutQueue(new QueueRecord(1, "work", 0)));
            var before = ResidentBytes();
            Fill(store, Items, queueCount: 1);
            var grown = ResidentBytes() - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"Resident memory grew by {grown:N0} bytes.");
            Assert.InRange(grown, long.MinValue, 150L << 20);
        }

        var readBefore = BytesRead();
        using var reopened = _directory.OpenStore();
        Assert.Equal(Items, Assert.Single(reopened.LoadQueues()).LastSequence);
        var read = BytesRead() - readBefore;
        TestContext.Current.TestOutputHelper?.WriteLine($"The start read {read:N0} bytes.");
        Assert.InRange(read, 0, PayloadBytes * (Items / 10L));
    }

    public void Dispose() => _directory.Dispose();

    private static void Fill(RocksQueueStore store, int items, int queueCount)
    {
        var payload = new byte[PayloadBytes];
        var random = new Random(1);
        var batch = store.CreateBatch();
        for (var sequence = 1; sequence <= items; sequence++)
        {
            random.NextBytes(payload);
            batch.Append(1 + (sequence % queueCount), sequence, payload);
            if (sequence % ItemsPerBatch == 0 || sequence == items)
            {
                store.Write(batch);
                store.Sync();
                batch.Clear();
            }
        }
    }

    /// <summary>What this process has read so far, also from the page cache.</summary>
    private static long BytesRead()
        => long.Parse(File.ReadLines("/proc/self/io").First()["rchar: ".Length..], null);

    private static long ResidentBytes()
    {
        var status = File.ReadLines("/proc/self/status");
        var line = status.First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null);
    }
}
