using System.Diagnostics;
using System.Globalization;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

public sealed class LargePayloadTests : IDisposable
{
    private const int PayloadBytes = 100_000;

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(5 << 20)]
    public void A_large_payload_comes_back_as_it_was_also_after_a_restart(int bytes)
    {
        var payload = Bytes(bytes, 1);
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch => batch.AppendLarge(store, 1, 1, payload));
            Assert.Equal(payload, Assert.Single(store.Read(1, 1, 2)).Payload);
        }

        using var again = _directory.OpenStore();
        var item = Assert.Single(again.Read(1, 1, 2));
        Assert.Equal(StoreBatches.Header(1), item.Header);
        Assert.Equal(bytes, item.PayloadBytes);
        Assert.Equal(payload, item.Payload);
    }

    [Fact]
    public void A_payload_is_written_once()
    {
        using var store = _directory.OpenStore();
        Append(store, queueId: 1, first: 1, count: 100);

        Assert.InRange(TemporaryDirectory.BytesIn(_directory.Store), 0, 2 << 20);
        Assert.Equal(100, store.Read(1, 1, 1000).Count);
    }

    [Fact]
    public void Whatever_a_process_that_was_killed_has_written_is_there()
    {
        using var store = OpenWith(Durability.Os);
        var batch = store.CreateBatch();
        batch.PutQueue(new QueueRecord(1, "q", 0));
        batch.AppendLarge(store, 1, 1, Bytes(PayloadBytes, 1));
        store.Write(batch);

        using var copy = OpenCopy();
        Assert.Equal(Bytes(PayloadBytes, 1), Assert.Single(copy.Read(1, 1, 2)).Payload);
    }

    [Fact]
    public void What_was_never_synced_and_is_torn_is_passed_over_and_the_rest_is_served()
    {
        using var store = OpenWith(Durability.Os);
        var batch = store.CreateBatch();
        batch.PutQueue(new QueueRecord(1, "q", 0));
        for (var sequence = 1; sequence <= 3; sequence++)
        {
            batch.AppendLarge(store, 1, sequence, Bytes(PayloadBytes, sequence));
        }

        store.Write(batch);

        using var copy = OpenCopy(payloads => Spoil(Assert.Single(payloads), offset: PayloadBytes + 10_000));
        Assert.Equal([1, 3], copy.Read(1, 1, 4).Select(item => item.Header.Sequence));
    }

    /// <remarks>It stays in doubt: a sync or a clean end of a later run must not make it a bad block that nobody can
    /// get past.</remarks>
    [Fact]
    public void What_is_torn_is_passed_over_in_later_runs_too()
    {
        using (var store = OpenWith(Durability.Os))
        {
            var batch = store.CreateBatch();
            batch.PutQueue(new QueueRecord(1, "q", 0));
            batch.AppendLarge(store, 1, 1, Bytes(PayloadBytes, 1));
            batch.AppendLarge(store, 1, 2, Bytes(PayloadBytes, 2));
            store.Write(batch);
            CopyDirectory();
        }

        Spoil(Directory.GetFiles(Path.Combine(CopyPath, PayloadFiles.DirectoryName))[0], offset: 50);
        var options = new StorageOptions { DataDirectory = CopyPath };
        for (var run = 0; run < 3; run++)
        {
            using var copy = TemporaryDirectory.OpenStore(options);
            copy.LoadQueues();
            Assert.Equal(2, Assert.Single(copy.Read(1, 1, 3)).Header.Sequence);
            copy.Commit(batch => batch.AppendLarge(copy, 2, 1 + run, Bytes(PayloadBytes, 3)));
            copy.Commit(batch => batch.TrimItems(2, 1, 2 + run));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_synced_and_is_damaged_is_an_error(bool endsWell)
    {
        var store = _directory.OpenStore();
        store.Commit(batch => batch.PutQueue(new QueueRecord(1, "q", 0)));
        Append(store, queueId: 1, first: 1, count: 100); // More than one file: the first is sealed and synced.
        if (endsWell)
        {
            store.Dispose();
        }

        using var copy = OpenCopy(files => Spoil(files.Order(StringComparer.Ordinal).First(), offset: 0));
        if (!endsWell)
        {
            store.Dispose();
        }

        var error = Assert.Throws<SiberiteException>(() => copy.Read(1, 1, 2));
        Assert.Equal(SiberiteError.ItemUnreadable, error.Error);
        Assert.Equal(3, Assert.Single(copy.Read(1, 3, 4)).Header.Sequence);
    }

    [Fact]
    public void A_file_that_was_synced_and_is_missing_is_an_error()
    {
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch => batch.PutQueue(new QueueRecord(1, "q", 0)));
            Append(store, queueId: 1, first: 1, count: 1);
        }

        File.Delete(Assert.Single(Directory.GetFiles(_directory.Payloads)));
        using var again = _directory.OpenStore();
        Assert.Equal(1, Assert.Single(again.LoadQueues()).LastSequence);
        Assert.Equal(
            SiberiteError.ItemUnreadable, Assert.Throws<SiberiteException>(() => again.Read(1, 1, 2)).Error);
    }

    /// <remarks>A new store would find all of them to be nobody's, and delete them.</remarks>
    [Fact]
    public void Payload_files_without_their_store_are_refused_and_stay()
    {
        using (var store = _directory.OpenStore())
        {
            Append(store, queueId: 1, first: 1, count: 1);
        }

        var aside = Path.Combine(_directory.Path, "aside");
        Directory.Move(_directory.Store, aside);
        var refusal = Assert.Throws<DataDirectoryException>(_directory.OpenStore);
        Assert.Contains("restore", refusal.Message, StringComparison.Ordinal);

        Directory.Move(aside, _directory.Store);
        using var again = _directory.OpenStore();
        Assert.Equal(Bytes(PayloadBytes, 0), Assert.Single(again.Read(1, 1, 2)).Payload);
    }

    /// <remarks>Trimmed items may still be found, and a read may be behind the trim that takes their bytes.</remarks>
    [Fact]
    public void An_item_that_is_trimmed_is_passed_over_whatever_became_of_its_bytes()
    {
        using var store = _directory.OpenStore();
        Append(store, queueId: 1, first: 1, count: 20);
        Append(store, queueId: 2, first: 1, count: 1);
        store.Commit(batch => batch.TrimItems(1, 1, 11));
        foreach (var file in Directory.GetFiles(_directory.Payloads))
        {
            Spoil(file, offset: 0);
        }

        Assert.DoesNotContain(1, store.Read(1, 1, 21).Select(item => item.Header.Sequence));
    }

    [Fact]
    public void Files_that_nothing_refers_to_are_deleted_at_a_start_and_others_stay()
    {
        using (var store = _directory.OpenStore())
        {
            store.Commit(batch => batch.PutQueue(new QueueRecord(1, "q", 0)));
            Append(store, queueId: 1, first: 1, count: 1);
            using var abandoned = store.BeginLarge(2, PayloadBytes)!;
            abandoned.Write(Bytes(PayloadBytes, 1));
        }

        var orphan = Path.Combine(_directory.Payloads, PayloadFiles.NameOf(77));
        var foreign = Path.Combine(_directory.Payloads, "notes.txt");
        File.WriteAllText(orphan, "orphan");
        File.WriteAllText(foreign, "not ours");

        using var again = _directory.OpenStore();
        Assert.False(File.Exists(orphan));
        Assert.True(File.Exists(foreign));
        Assert.Equal(Bytes(PayloadBytes, 0), Assert.Single(again.Read(1, 1, 2)).Payload);
    }

    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.Os)]
    public void A_drained_queue_leaves_no_payload_file(Durability durability)
    {
        using var store = OpenWith(durability);
        Append(store, queueId: 1, first: 1, count: 300);
        Assert.InRange(TemporaryDirectory.BytesIn(_directory.Payloads), 300 * PayloadBytes, 60L << 20);

        store.Commit(batch => batch.TrimItems(1, 1, 301));
        AssertNoFileIsLeft(store, 301);
    }

    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.Os)]
    public void A_queue_that_stays_short_writes_its_files_over_again(Durability durability)
    {
        using var store = OpenWith(durability);
        for (var round = 0; round < 100; round++)
        {
            Append(store, queueId: 1, first: 1 + (20 * round), count: 20);
            store.Commit(batch => batch.TrimItems(1, 1, 1 + (20 * (round + 1))));
        }

        Assert.InRange(Directory.GetFiles(_directory.Payloads).Length, 1, 3);
        Assert.InRange(TemporaryDirectory.BytesIn(_directory.Payloads), 20 * PayloadBytes, 24L << 20);
    }

    [Fact]
    public void A_deleted_queue_leaves_no_payload_file()
    {
        using var store = _directory.OpenStore();
        Append(store, queueId: 1, first: 1, count: 20);
        store.Commit(batch => batch.DropQueue(1));
        AssertNoFileIsLeft(store, long.MaxValue);
    }

    [Fact]
    public void A_queue_that_stands_still_keeps_its_own_payloads_and_little_else()
    {
        using var store = _directory.OpenStore();
        for (var round = 0; round < 40; round++)
        {
            Append(store, queueId: 1, first: round + 1, count: 1);
            Append(store, queueId: 2, first: 1 + (20 * round), count: 20);
            store.Commit(batch => batch.TrimItems(2, 1, 1 + (20 * (round + 1))));
        }

        // What ends with a commit is dropped in the background.
        Assert.True(SpinWait.SpinUntil(() => TakesLittle(store), 10_000), $"{BlockBytesIn(_directory.Payloads)} bytes");
        Assert.Equal(
            Enumerable.Range(1, 40).Select(_ => Bytes(PayloadBytes, 0)[0]),
            store.Read(1, 1, 41).Select(item => item.Payload[0]));
    }

    [Fact]
    public void A_payload_that_is_held_outlives_its_item()
    {
        using var store = OpenWith(Durability.Os);
        Append(store, queueId: 1, first: 1, count: 100);
        var held = Assert.Single(store.Read(1, 1, 2)).Large!;
        held.Hold();

        store.Commit(batch => batch.TrimItems(1, 1, 101));
        AssertNoFileIsLeft(store, 101);
        Append(store, queueId: 1, first: 101, count: 100); // Written over, if its file were.
        Assert.Equal(Bytes(PayloadBytes, 0), held.ToArray());

        held.Release();
        Assert.Throws<SiberiteException>(() => held.ToArray());
    }

    public void Dispose() => _directory.Dispose();

    private string CopyPath => Path.Combine(_directory.Path, "copy");

    private static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void Append(RocksQueueStore store, long queueId, int first, int count)
        => store.Commit(batch =>
        {
            for (var sequence = first; sequence < first + count; sequence++)
            {
                batch.AppendLarge(store, queueId, sequence, Bytes(PayloadBytes, 0));
            }
        });

    private static void Spoil(string path, long offset)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var bytes = new byte[1];
        RandomAccess.Read(file, bytes, offset);
        bytes[0] ^= 1;
        RandomAccess.Write(file, bytes, offset);
    }

    /// <summary>What takes room on the disk, holes not counted.</summary>
    private static long BlockBytesIn(string path)
    {
        using var du = Process.Start(new ProcessStartInfo("du", ["-s", "--block-size=1", path])
        {
            RedirectStandardOutput = true,
        })!;
        return long.Parse(du.StandardOutput.ReadToEnd().Split('\t')[0], CultureInfo.InvariantCulture);
    }

    private RocksQueueStore OpenWith(Durability durability)
        => TemporaryDirectory.OpenStore(new StorageOptions
        {
            DataDirectory = _directory.Data,
            Durability = durability,
        });

    /// <summary>Opens the directory as it lies there, as after the death of the process.</summary>
    private RocksQueueStore OpenCopy(Action<string[]>? spoil = null)
    {
        CopyDirectory();
        spoil?.Invoke(Directory.GetFiles(Path.Combine(CopyPath, PayloadFiles.DirectoryName)));
        var store = TemporaryDirectory.OpenStore(new StorageOptions { DataDirectory = CopyPath });
        store.LoadQueues();
        return store;
    }

    private void CopyDirectory()
    {
        foreach (var file in Directory.EnumerateFiles(_directory.Data, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) != DataDirectory.LockFile)
            {
                var target = Path.Combine(CopyPath, Path.GetRelativePath(_directory.Data, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }

    /// <summary>Under the policy Os files go in the background.</summary>
    private void AssertNoFileIsLeft(RocksQueueStore store, long limit)
        => Assert.True(
            SpinWait.SpinUntil(() => IsEmptied(store, limit), 10_000),
            $"{TemporaryDirectory.BytesIn(_directory.Payloads)} bytes are left.");

    private bool TakesLittle(RocksQueueStore store)
    {
        store.ReclaimSpace(2, 801, isEmpty: true);
        return BlockBytesIn(_directory.Payloads) is >= 40 * PayloadBytes and <= 12 << 20;
    }

    private bool IsEmptied(RocksQueueStore store, long limit)
    {
        store.ReclaimSpace(1, limit, isEmpty: true);
        return TemporaryDirectory.BytesIn(_directory.Payloads) == 0;
    }
}
