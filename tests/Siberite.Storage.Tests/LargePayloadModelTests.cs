using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>Large payloads of several queues against a model, at random.</summary>
/// <remarks>
/// Goal: whatever comes and goes in whatever order, the payloads that are left are whole, and in the end no file is.
/// Method: appends, trims, deletions, space given back, ends and deaths of the process; after each step some item and
/// after each start every item is compared.
/// </remarks>
public sealed class LargePayloadModelTests
{
    private const int Steps = 150;
    private const int Queues = 5;

    private readonly Dictionary<long, (long First, List<int> Sizes)> _model = [];

    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.Os)]
    public void What_is_left_is_whole(Durability durability)
    {
        var seed = Environment.GetEnvironmentVariable("SIBERITE_SEED") is { } given
            ? int.Parse(given, null)
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: SIBERITE_SEED={seed} repeats it");
        var random = new Random(seed);
        using var directory = new TemporaryDirectory();
        var data = directory.Data;
        var store = Open(data, durability);
        for (var step = 0; step < Steps; step++)
        {
            var queueId = random.Next(1, Queues + 1);
            switch (random.Next(20))
            {
                case < 10:
                    Append(store, queueId, random);
                    break;
                case < 15:
                    Trim(store, queueId, random.Next(1, 12));
                    break;
                case 15:
                    Trim(store, queueId, int.MaxValue);
                    store.ReclaimSpace(queueId, Of(queueId).First, isEmpty: true);
                    break;
                case 16:
                    store.ReclaimSpace(queueId, Of(queueId).First, isEmpty: false);
                    break;
                case 17:
                    store.BeginLarge(queueId, 10_000)!.Dispose();
                    break;
                case 18:
                    store.Dispose();
                    store = Open(data, durability);
                    CheckAll(store);
                    break;
                default:
                    data = Die(directory, data, step);
                    store.Dispose();
                    store = Open(data, durability);
                    CheckAll(store);
                    break;
            }

            Check(store, queueId, maxCount: 3);
        }

        CheckAll(store);
        for (var queueId = 1L; queueId <= Queues; queueId++)
        {
            Trim(store, queueId, int.MaxValue);
        }

        Assert.True(SpinWait.SpinUntil(() => IsEmptied(store, data), 10_000));
        store.Dispose();
    }

    /// <summary>Under the policy Os files go in the background, and some are kept for a while to be written
    /// over.</summary>
    private bool IsEmptied(RocksQueueStore store, string data)
    {
        store.ReclaimSpace(1, Of(1).First, isEmpty: true);
        return TemporaryDirectory.BytesIn(Path.Combine(data, PayloadFiles.DirectoryName)) == 0;
    }

    private static RocksQueueStore Open(string data, Durability durability)
    {
        var store = TemporaryDirectory.OpenStore(
            new StorageOptions { DataDirectory = data, Durability = durability });
        store.LoadQueues();
        return store;
    }

    /// <summary>The directory as it lies there while the process lives.</summary>
    private static string Die(TemporaryDirectory directory, string data, int step)
    {
        var copy = Path.Combine(directory.Path, $"copy-{step}");
        var files = Directory.GetFiles(data, "*", SearchOption.AllDirectories);
        foreach (var file in files.Where(file => Path.GetFileName(file) != DataDirectory.LockFile))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                File.Copy(file, target);
            }
            catch (FileNotFoundException)
            {
                // It is being deleted in the background: nothing needs it.
            }
        }

        return copy;
    }

    private static byte[] Payload(long queueId, long sequence, int bytes)
    {
        var payload = new byte[bytes];
        new Random((int)((queueId * 1_000_003) + sequence)).NextBytes(payload);
        return payload;
    }

    private (long First, List<int> Sizes) Of(long queueId) => _model.GetValueOrDefault(queueId, (1, []));

    private void Append(RocksQueueStore store, long queueId, Random random)
    {
        var (first, sizes) = Of(queueId);
        var batch = store.CreateBatch();
        batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
        for (var count = random.Next(1, 8); count > 0; count--)
        {
            var bytes = random.Next(10) == 0 ? random.Next(3 << 20) : random.Next(300_000);
            batch.AppendLarge(store, queueId, first + sizes.Count, Payload(queueId, first + sizes.Count, bytes));
            sizes.Add(bytes);
        }

        store.Write(batch);
        if (random.Next(2) == 0)
        {
            store.Sync();
        }

        _model[queueId] = (first, sizes);
    }

    private void Trim(RocksQueueStore store, long queueId, int count)
    {
        var (first, sizes) = Of(queueId);
        count = Math.Min(count, sizes.Count);
        var batch = store.CreateBatch();
        batch.TrimItems(queueId, first, first + count);
        batch.PutReader(queueId, 0, new ReaderState(first + count, 0, default));
        store.Write(batch);
        _model[queueId] = (first + count, sizes[count..]);
    }

    private void CheckAll(RocksQueueStore store)
    {
        for (var queueId = 1L; queueId <= Queues; queueId++)
        {
            Check(store, queueId, int.MaxValue);
        }
    }

    private void Check(RocksQueueStore store, long queueId, int maxCount)
    {
        var (first, sizes) = Of(queueId);
        var limit = first + Math.Min(maxCount, sizes.Count);
        var found = store.Read(queueId, first, limit);
        Assert.Equal(limit - first, found.Count);
        foreach (var item in found)
        {
            var bytes = sizes[(int)(item.Header.Sequence - first)];
            Assert.True(
                Payload(queueId, item.Header.Sequence, bytes).AsSpan().SequenceEqual(item.Payload),
                $"Item {item.Header.Sequence} of queue {queueId} has other bytes.");
        }
    }
}
