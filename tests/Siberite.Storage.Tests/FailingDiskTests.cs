using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>No write or sync that failed may look like a success, then or ever after.</summary>
[Trait("Category", "Slow")]
[Collection(nameof(RunsAlone))]
public sealed class FailingDiskTests
{
    private const int PayloadBytes = 10_000;

    /// <remarks>.NET's own flush takes the EROFS that the file system gives here for a success.</remarks>
    [Fact]
    public void A_file_system_that_turned_read_only_fails_the_sync_and_all_after_it()
    {
        using var disk = new LoopDisk(sizeMegabytes: 256);
        using (var store = Open(disk))
        {
            store.Commit(batch => Append(batch, 1));
            var batch = store.CreateBatch();
            Append(batch, 2);
            store.Write(batch);
            disk.Abort();
            AssertFails(store.Sync);
            AssertStaysFailed(store);
            Assert.NotEmpty(store.Read(1, 1, 2));
        }

        disk.Restart();
        AssertWholePrefix(disk, acknowledged: 1, written: 2);
    }

    /// <remarks>A silo that is only sent large items writes nothing else that could tell it.</remarks>
    [Fact]
    public void A_payload_that_cannot_be_written_fails_the_store_and_tells_the_engine()
    {
        using var disk = new LoopDisk(sizeMegabytes: 256);
        using var store = Open(disk);
        using var told = new ManualResetEventSlim();
        store.Failed += _ => told.Set();
        store.Commit(batch => batch.AppendLarge(store, 1, 1, new byte[100_000]));

        disk.CutPower();
        var error = Assert.Throws<SiberiteException>(() =>
        {
            using var draft = store.BeginLarge(1, 100_000)!;
            draft.Write(new byte[100_000]);
        });

        Assert.Equal(SiberiteError.StorageFailed, error.Error);
        Assert.True(told.Wait(TimeSpan.FromSeconds(10)));
        AssertStaysFailed(store);
    }

    [Fact]
    public void What_was_synced_survives_a_power_cut_and_the_sync_after_it_fails()
    {
        const int Acknowledged = 300;
        using var disk = new LoopDisk(sizeMegabytes: 256);
        using (var store = Open(disk))
        {
            var batch = store.CreateBatch();
            for (var sequence = 1; sequence <= 2 * Acknowledged; sequence++)
            {
                Append(batch, sequence);
                store.Write(batch);
                batch.Clear();
                if (sequence <= Acknowledged)
                {
                    store.Sync();
                }
            }

            disk.CutPower();
            AssertFails(store.Sync);
            AssertStaysFailed(store);
        }

        disk.Restart();
        AssertWholePrefix(disk, Acknowledged, written: 2 * Acknowledged);
    }

    [Fact]
    public void An_identity_that_cannot_be_synced_is_not_taken()
    {
        using var disk = new LoopDisk(sizeMegabytes: 64);
        disk.Abort();
        Assert.Throws<DataDirectoryException>(() => Open(disk));
    }

    [Fact]
    public void A_full_disk_refuses_room_first_and_then_fails_for_good_without_losing_what_was_synced()
    {
        using var disk = new LoopDisk(sizeMegabytes: 128);
        var options = new StorageOptions { DataDirectory = DataOf(disk), ReserveBytes = 32 << 20 };
        var acknowledged = 0;
        var refusedRoomAt = 0;
        using (var store = RocksQueueStore.Open(options, NullLogger.Instance, new RushingTime()))
        {
            var batch = store.CreateBatch();
            AssertFails(() =>
            {
                for (var sequence = 1; sequence < 1_000_000; sequence++)
                {
                    Append(batch, sequence);
                    store.Write(batch);
                    store.Sync();
                    batch.Clear();
                    acknowledged = sequence;
                    refusedRoomAt = refusedRoomAt == 0 && !store.HasRoom ? sequence : refusedRoomAt;
                }
            });
            Assert.InRange(refusedRoomAt, 1, acknowledged - 1);
            AssertStaysFailed(store);
            Assert.Equal(1, store.Read(1, 1, 2)[0].Header.Sequence);
        }

        // Full as it is, a start says so or works; with room again it must work.
        Record.Exception(() => Open(disk).Dispose());
        disk.Grow(sizeMegabytes: 512);
        AssertWholePrefix(disk, acknowledged, acknowledged + 1);
    }

    private static void Append(IStoreBatch batch, long sequence)
    {
        if (sequence == 1)
        {
            batch.PutQueue(new QueueRecord(1, "work", 0));
        }

        batch.Append(1, sequence, PayloadOf(sequence));
    }

    private static byte[] PayloadOf(long sequence)
    {
        var payload = new byte[PayloadBytes];
        new Random((int)sequence).NextBytes(payload);
        return payload;
    }

    private static string DataOf(LoopDisk disk) => Path.Combine(disk.MountPoint, "data");

    private static RocksQueueStore Open(LoopDisk disk)
        => TemporaryDirectory.OpenStore(new StorageOptions { DataDirectory = DataOf(disk) });

    private static void AssertFails(Action action)
        => Assert.Equal(SiberiteError.StorageFailed, Assert.Throws<SiberiteException>(action).Error);

    private static void AssertStaysFailed(RocksQueueStore store)
    {
        AssertFails(() => store.Write(store.CreateBatch()));
        AssertFails(store.Sync);
    }

    private static void AssertWholePrefix(LoopDisk disk, int acknowledged, int written)
    {
        using var store = Open(disk);
        Assert.Single(store.LoadQueues());
        var items = store.Read(1, 1, long.MaxValue);
        Assert.InRange(items.Count, acknowledged, written);
        Assert.All(items, (item, index) =>
        {
            Assert.Equal(StoreBatches.Header(index + 1), item.Header);
            Assert.Equal(PayloadOf(index + 1), item.Payload);
        });
        store.Commit(batch => Append(batch, items.Count + 1));
    }

    /// <summary>Each look at the clock finds it a second later.</summary>
    private sealed class RushingTime : TimeProvider
    {
        private long _timestamp;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _timestamp);
    }
}

/// <summary>Tests that measure, or that load the machine, run without company.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
