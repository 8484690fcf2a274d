using System.Buffers;
using BenchmarkDotNet.Attributes;
using Siberite.Benchmarks.Local;
using Siberite.Queues;
using Siberite.Storage;

namespace Siberite.Benchmarks.Micro;

// What does an item cost in RocksDB, alone and in company: written, written and synced, read back as backlog?
[MemoryDiagnoser]
public class StoreBenchmarks
{
    private const int ReadBytes = 256 << 10;
    private const int Backlog = 100_000;
    private const long BacklogQueue = 1;
    private const long WrittenQueue = 2;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("siberite-bench-");
    private readonly List<StoredItem> _items = [];
    private RocksQueueStore _store = null!;
    private IStoreBatch _batch = null!;
    private long _sequence;
    private long _readFrom = 1;

    [Params(1, 64, 1024)]
    public int ItemsPerBatch { get; set; }

    [GlobalSetup]
    public void Start()
    {
        _store = LocalEngine.OpenRocks(_directory);
        _batch = _store.CreateBatch();
        for (var sequence = 1; sequence <= Backlog; sequence++)
        {
            Append(BacklogQueue, sequence);
            if (sequence % 1000 == 0)
            {
                _store.Write(_batch);
                _batch.Clear();
            }
        }
    }

    [GlobalCleanup]
    public void Stop()
    {
        _store.Dispose();
        _directory.Delete(recursive: true);
    }

    // Per batch, not per item: divide by ItemsPerBatch.
    [Benchmark]
    public void Commit()
    {
        for (var count = 0; count < ItemsPerBatch; count++)
        {
            Append(WrittenQueue, ++_sequence);
        }

        _store.Write(_batch);
        _batch.Clear();
    }

    // The difference to Commit is what the disk takes for a sync.
    [Benchmark]
    public void CommitAndSync()
    {
        Commit();
        _store.Sync();
    }

    // Per block of read-ahead, or what is left of it: an item's payload array is the only thing it allocates.
    [Benchmark]
    public int ReadBacklog()
    {
        _items.Clear();
        _store.ReadItems(BacklogQueue, _readFrom, _readFrom + ItemsPerBatch, ReadBytes, _items);
        _readFrom = _readFrom + ItemsPerBatch < Backlog ? _readFrom + ItemsPerBatch : 1;
        return _items.Count;
    }

    private void Append(long queue, long sequence)
        => _batch.AppendItem(
            queue, new ItemHeader(sequence, Flags: 0, EnqueuedAt: 1, ExpiresAt: 0, sequence * Frames.PayloadBytes, 0),
            new ReadOnlySequence<byte>(Frames.Payload));
}
