using System.Text;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>What a start makes of files that a crash tore or a disk spoiled.</summary>
/// <remarks>A copy of the files of an open store is what a killed process leaves behind.</remarks>
public sealed class DamagedStoreTests : IDisposable
{
    private const int BatchCount = 40;
    private const int ItemsPerBatch = 5;
    private const int PageBytes = 4096;
    private const int Items = BatchCount * ItemsPerBatch;

    private readonly TemporaryDirectory _directory = new();
    private int _copies;

    /// <remarks>Goal: a log cut anywhere gives a prefix of whole batches, and a start never fails.</remarks>
    [Fact]
    public void A_log_cut_at_any_place_gives_back_the_whole_batches_before_it()
    {
        var image = WriteLog();
        var log = LogOf(image);
        var length = new FileInfo(log).Length;
        var last = -1;
        foreach (var cut in Places(length, seed: 1).Append(length))
        {
            var copy = Copy(image);
            using (var file = File.OpenHandle(LogOf(copy), FileMode.Open, FileAccess.Write))
            {
                RandomAccess.SetLength(file, cut);
            }

            var found = ReadBatches(copy);
            Assert.True(found is { } count && count >= last, $"cut at {cut} of {length}: {found} after {last}");
            last = found!.Value;
        }

        Assert.Equal(BatchCount, last);
    }

    /// <remarks>A file system that had made the file longer but not written its pages shows zeros after a power cut.
    /// </remarks>
    [Fact]
    public void A_log_that_ends_in_zeros_gives_back_the_whole_batches_before_them()
    {
        var image = WriteLog();
        var length = new FileInfo(LogOf(image)).Length;
        var refused = new List<long>();
        foreach (var place in Places(length, seed: 2).Select(place => place / PageBytes * PageBytes))
        {
            var copy = Copy(image);
            Overwrite(LogOf(copy), place, new byte[length - place]);
            if (ReadBatches(copy) is null)
            {
                refused.Add(place);
            }
        }

        Assert.Empty(refused);
    }

    /// <remarks>Whatever is synced to the same file system may make the log longer as far as that knows, and leave the
    /// page in which the log's own last sync ended as it was: with zeros behind.</remarks>
    [Fact]
    public void A_log_that_ends_in_a_page_half_full_of_zeros_gives_back_the_whole_batches_before_them()
    {
        var image = WriteLog();
        var length = new FileInfo(LogOf(image)).Length;
        foreach (var zeros in new[] { 1, 100, 1000 })
        {
            var copy = Copy(image);
            Overwrite(LogOf(copy), length, new byte[zeros]);
            Assert.Equal(BatchCount, ReadBatches(copy));
        }
    }

    /// <remarks>The log was synced: nothing of it may be dropped quietly.</remarks>
    [Fact]
    public void A_turned_bit_in_the_log_is_refused()
    {
        var image = WriteLog();
        var length = new FileInfo(LogOf(image)).Length;
        var accepted = new List<long>();
        foreach (var place in Places(length, seed: 3))
        {
            var copy = Copy(image);
            Flip(LogOf(copy), place);
            if (ReadBatches(copy) is not null)
            {
                accepted.Add(place);
            }
        }

        Assert.Empty(accepted);
    }

    /// <remarks>Pages may reach the disk in any order. Those behind a hole may have been acknowledged, for all a start
    /// can tell, so a person has to decide.</remarks>
    [Fact]
    public void A_page_lost_from_the_middle_of_the_log_is_refused()
    {
        var image = WriteLog();
        var length = new FileInfo(LogOf(image)).Length;
        foreach (var place in Places(length - (2 * PageBytes) - LogCheck.BlockBytes, seed: 5))
        {
            var copy = Copy(image);
            Overwrite(LogOf(copy), place / PageBytes * PageBytes, new byte[PageBytes]);
            Assert.Null(ReadBatches(copy));
        }
    }

    /// <remarks>Whatever bit of a table turns, a start or a read fails clearly, or all is as it was.</remarks>
    [Fact]
    public void A_turned_bit_in_a_table_is_refused_or_harmless()
    {
        using (var store = _directory.OpenStore())
        {
            Write(store);
        }

        // A start puts what it replays from the log into tables.
        _directory.OpenStore().Dispose();

        var image = _directory.Data;
        var tables = Directory.GetFiles(Path.Combine(image, DataDirectory.StoreDirectory), "*.sst");
        Assert.NotEmpty(tables);
        var (refused, harmless) = (0, 0);
        foreach (var table in tables)
        {
            foreach (var place in Places(new FileInfo(table).Length, seed: 4))
            {
                var copy = Copy(image);
                Flip(Path.Combine(copy, DataDirectory.StoreDirectory, Path.GetFileName(table)), place);
                var found = ReadBatches(copy);
                Assert.True(found is null or BatchCount, $"{table} at {place}: {found} batches");
                _ = found is null ? refused++ : harmless++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{refused} refused, {harmless} harmless");
    }

    /// <remarks>
    /// Goal: a bad block that a compaction meets stops the silo once and clearly; after a restart all that can be read
    /// is served, and sets are stored, although the block is still there.
    /// Method: a queue's leftovers are rewritten, which is how most compactions of ours begin.
    /// </remarks>
    [Fact]
    public void A_compaction_that_meets_a_bad_block_fails_the_next_write_clearly_and_none_after_a_restart()
    {
        using (var store = _directory.OpenStore())
        {
            WriteRandom(store);
        }

        _directory.OpenStore().Dispose();
        var table = Directory.GetFiles(_directory.Store, "*.sst").MaxBy(path => new FileInfo(path).Length)!;
        Flip(table, new FileInfo(table).Length / 2);
        using (var store = _directory.OpenStore())
        {
            Rewrite(store);
            var failure = Assert.Throws<SiberiteException>(() => store.Commit(batch => batch.Append(3, 1, "x")));
            Assert.Equal(SiberiteError.StorageFailed, failure.Error);
            Assert.Contains("Corruption", failure.Message, StringComparison.Ordinal);
        }

        Assert.True(File.Exists(Path.Combine(_directory.Data, DataDirectory.NoCompactionFile)));
        using (var store = _directory.OpenStore())
        {
            Assert.Equal(2, store.LoadQueues().Count);
            Rewrite(store);
            WriteRandom(store, firstId: 4);
            Rewrite(store);
            store.Commit(batch => batch.Append(5, Items + 1, "x"));
            Assert.Equal(Items, store.Read(4, 1, long.MaxValue).Count);
        }
    }

    public void Dispose() => _directory.Dispose();

    private static void Write(RocksQueueStore store)
    {
        store.Commit(batch => batch.PutQueue(new QueueRecord(1, "work", 0)));
        for (var first = 1; first <= Items; first += ItemsPerBatch)
        {
            store.Commit(batch =>
            {
                for (var sequence = first; sequence < first + ItemsPerBatch; sequence++)
                {
                    batch.Append(1, sequence, PayloadOf(sequence));
                    batch.Append(2, sequence, PayloadOf(sequence));
                }
            });
        }
    }

    /// <summary>Two queues with two megabytes each, of which the first is behind its reader.</summary>
    private static void WriteRandom(RocksQueueStore store, int firstId = 1)
    {
        var payload = new byte[10_000];
        for (var id = firstId; id < firstId + 2; id++)
        {
            var queueId = id;
            store.Commit(batch =>
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                for (var sequence = 1; sequence <= Items; sequence++)
                {
                    Random.Shared.NextBytes(payload);
                    batch.Append(queueId, sequence, payload);
                }
            });
        }
    }

    /// <summary>Has the first queue's items trimmed in part, and the files with them rewritten.</summary>
    private static void Rewrite(RocksQueueStore store)
    {
        store.Commit(batch => batch.TrimItems(1, 1, Items - 10));
        store.ReclaimSpace(1, Items - 10, isEmpty: true);
    }

    /// <remarks>Some of them longer than a block of the log, so that records are split.</remarks>
    private static byte[] PayloadOf(long sequence)
        => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"{sequence}|", sequence % 17 == 0 ? 12_000 : 40)));

    /// <returns>How many batches are there, or <see langword="null"/> if the store says clearly that it cannot tell.
    /// </returns>
    private static int? ReadBatches(string data)
    {
        try
        {
            using var store = TemporaryDirectory.OpenStore(new StorageOptions { DataDirectory = data });
            store.LoadQueues();
            var items = store.Read(1, 1, long.MaxValue);
            for (var i = 0; i < items.Count; i++)
            {
                Assert.Equal(StoreBatches.Header(i + 1), items[i].Header);
                Assert.Equal(PayloadOf(i + 1), items[i].Payload);
            }

            Assert.Equal(0, items.Count % ItemsPerBatch);
            return items.Count / ItemsPerBatch;
        }
        catch (DataDirectoryException)
        {
            return null;
        }
        catch (SiberiteException e) when (e.Error == SiberiteError.ItemUnreadable)
        {
            return null;
        }
    }

    private static IEnumerable<long> Places(long length, int seed)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, 60).Select(_ => random.NextInt64(length)).Order();
    }

    private static string LogOf(string data)
        => Directory.GetFiles(Path.Combine(data, DataDirectory.StoreDirectory), "*.log").Max()!;

    private static void Flip(string path, long place)
    {
        var bytes = new byte[1];
        using (var file = File.OpenHandle(path))
        {
            RandomAccess.Read(file, bytes, place);
        }

        bytes[0] ^= (byte)(1 << (int)(place % 8));
        Overwrite(path, place, bytes);
    }

    private static void Overwrite(string path, long place, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, place);
    }

    /// <returns>What a process leaves that is killed after its last sync: everything is in the log.</returns>
    private string WriteLog()
    {
        using var store = _directory.OpenStore();
        Write(store);
        return Copy(_directory.Data);
    }

    private string Copy(string data)
    {
        var copy = Path.Combine(_directory.Path, $"copy{++_copies}");
        Directory.CreateDirectory(Path.Combine(copy, DataDirectory.StoreDirectory));
        foreach (var file in Directory.GetFiles(data, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) == DataDirectory.LockFile)
            {
                continue;
            }

            File.Copy(file, Path.Combine(copy, Path.GetRelativePath(data, file)));
        }

        return copy;
    }
}
