using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>Payloads that are written once, together with a large batch.</summary>
public sealed class PackedPayloadTests : IDisposable
{
    private const int ItemBytes = 1_000;
    private const int ItemsPerBatch = 200;

    private static readonly int[] QueueIds = [1, 2];

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.Os)]
    public void What_is_packed_comes_back_as_it_was_also_after_a_restart(Durability durability)
    {
        using (var store = Open(durability))
        {
            Append(store, batches: 3);
            AssertItems(store, first: 1, limit: 1 + (3 * ItemsPerBatch));
        }

        using var again = Open(durability);
        again.LoadQueues();
        AssertItems(again, first: 1, limit: 1 + (3 * ItemsPerBatch));
    }

    [Fact]
    public void A_payload_is_written_once_when_batches_are_large()
    {
        using var store = Open(Durability.Always, packedBatchBytes: 64 << 10);
        Append(store, batches: 20);

        // The first batch was not known to be large.
        var packed = 19 * 2 * ItemsPerBatch * ItemBytes;
        Assert.InRange(TemporaryDirectory.BytesIn(_directory.Payloads), packed, packed + (1 << 20));
        Assert.InRange(TemporaryDirectory.BytesIn(_directory.Store), 0, 3 << 20);
        AssertItems(store, first: 1, limit: 1 + (20 * ItemsPerBatch));
    }

    [Fact]
    public void Small_batches_and_small_items_stay_in_the_database()
    {
        using (var store = Open(Durability.Always, packedBatchBytes: 64 << 10))
        {
            for (var sequence = 1; sequence <= 20; sequence++)
            {
                store.Commit(batch => batch.Append(1, sequence, PayloadOf(1, sequence)));
            }
        }

        using (var store = Open(Durability.Always, packedItemBytes: ItemBytes + 1))
        {
            Append(store, batches: 3, firstQueue: 3);
        }

        Assert.Empty(Directory.GetFiles(_directory.Payloads));
    }

    [Fact]
    public void What_is_trimmed_gives_its_files_back()
    {
        using var store = Open(Durability.Always);
        Append(store, batches: 50);
        var before = TemporaryDirectory.BytesIn(_directory.Payloads);
        foreach (var queueId in QueueIds)
        {
            store.Commit(batch => batch.TrimItems(queueId, 1, 49 * ItemsPerBatch));
        }

        Assert.InRange(before, 50 * 2 * ItemsPerBatch * ItemBytes, 64L << 20);
        Assert.True(SpinWait.SpinUntil(HaveFilesGone, 10_000), "The files stay.");

        bool HaveFilesGone()
        {
            store.ReclaimSpace(1, 49 * ItemsPerBatch, isEmpty: true);
            return TemporaryDirectory.BytesIn(_directory.Payloads) < before / 2;
        }
    }

    [Fact]
    public void What_is_left_of_a_file_that_others_have_left_is_served()
    {
        using var store = Open(Durability.Always);
        Append(store, batches: 50);
        store.Commit(batch => batch.TrimItems(1, 1, 49 * ItemsPerBatch));
        store.Commit(batch => batch.TrimItems(2, 1, 49 * ItemsPerBatch));
        store.ReclaimSpace(1, 49 * ItemsPerBatch, isEmpty: true);
        AssertItems(store, first: 49 * ItemsPerBatch, limit: 1 + (50 * ItemsPerBatch));
    }

    /// <remarks>Large ones begin at pages, packed ones where the one before ended.</remarks>
    [Fact]
    public void Packed_and_large_payloads_share_a_file()
    {
        using var store = Open(Durability.Os);
        var large = new byte[100_000];
        new Random(1).NextBytes(large);
        for (var round = 0; round < 20; round++)
        {
            var first = 1 + (2 * round);
            store.Commit(batch =>
            {
                batch.Append(1, first, PayloadOf(1, first));
                batch.AppendLarge(store, 1, first + 1, large);
            });
        }

        for (var round = 0; round < 20; round++)
        {
            var first = 1 + (2 * round);
            Assert.Equal(PayloadOf(1, first), Assert.Single(store.Read(1, first, first + 1)).Payload);
            Assert.Equal(large, Assert.Single(store.Read(1, first + 1, first + 2)).Payload);
        }
    }

    /// <remarks>A move may bring the same items again.</remarks>
    [Fact]
    public void Items_that_come_again_are_there_once()
    {
        using var store = Open(Durability.Always);
        Append(store, batches: 2);
        Append(store, batches: 1);
        AssertItems(store, first: 1, limit: 1 + (2 * ItemsPerBatch));
    }

    [Fact]
    public void A_packed_payload_that_was_synced_and_is_damaged_is_an_error()
    {
        using (var store = Open(Durability.Always))
        {
            Append(store, batches: 1);
        }

        var path = Assert.Single(Directory.GetFiles(_directory.Payloads));
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, "?"u8, 10 * ItemBytes);
        }

        using var again = Open(Durability.Always);
        again.LoadQueues();
        var damaged = QueueIds.Where(queueId => IsUnreadable(again, queueId)).ToArray();
        Assert.Single(damaged);
        AssertItems(again, first: 12, limit: 1 + ItemsPerBatch);
    }

    public void Dispose() => _directory.Dispose();

    private static bool IsUnreadable(RocksQueueStore store, long queueId)
    {
        try
        {
            store.Read(queueId, 1, 12);
            return false;
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.ItemUnreadable)
        {
            return true;
        }
    }

    private static byte[] PayloadOf(long queueId, long sequence)
    {
        var payload = new byte[ItemBytes];
        new Random((int)((queueId * 1_000_003) + sequence)).NextBytes(payload);
        return payload;
    }

    /// <summary>Adds batches with items of two queues, in turn.</summary>
    private static void Append(RocksQueueStore store, int batches, int firstQueue = 1)
    {
        for (var first = 1; first <= batches * ItemsPerBatch; first += ItemsPerBatch)
        {
            store.Commit(batch =>
            {
                batch.PutQueue(new QueueRecord(firstQueue, $"q{firstQueue}", 0));
                batch.PutQueue(new QueueRecord(firstQueue + 1, $"q{firstQueue + 1}", 0));
                for (var sequence = first; sequence < first + ItemsPerBatch; sequence++)
                {
                    batch.Append(firstQueue, sequence, PayloadOf(firstQueue, sequence));
                    batch.Append(firstQueue + 1, sequence, PayloadOf(firstQueue + 1, sequence));
                }
            });
        }
    }

    private static void AssertItems(RocksQueueStore store, int first, int limit)
    {
        foreach (var queueId in QueueIds)
        {
            var items = store.Read(queueId, first, limit);
            Assert.Equal(limit - first, items.Count);
            foreach (var item in items)
            {
                Assert.Equal(StoreBatches.Header(item.Header.Sequence), item.Header);
                Assert.True(PayloadOf(queueId, item.Header.Sequence).AsSpan().SequenceEqual(item.Payload));
            }
        }
    }

    private RocksQueueStore Open(Durability durability, int packedBatchBytes = 0, int packedItemBytes = 100)
        => TemporaryDirectory.OpenStore(new StorageOptions
        {
            DataDirectory = _directory.Data,
            Durability = durability,
            PackedBatchBytes = packedBatchBytes,
            PackedItemBytes = packedItemBytes,
        });
}
