using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Storage.Tests;

/// <summary>A store of some make that contract tests are about.</summary>
public abstract class TestedStore : IDisposable
{
    /// <summary>The store as it is open now.</summary>
    public abstract IQueueStore Store { get; }

    /// <summary>Stops it and opens it again, as a restart does.</summary>
    public abstract void Reopen();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the store and what it lies on.</summary>
    protected virtual void Dispose(bool disposing) => Store.Dispose();
}

/// <summary>RocksDB in a directory of its own.</summary>
public sealed class TestedRocksStore : TestedStore
{
    private readonly TemporaryDirectory _directory = new();
    private readonly bool _packsAll;
    private RocksQueueStore _store;

    /// <param name="packsAll">Whether every payload that is not empty goes to payload files.</param>
    public TestedRocksStore(bool packsAll)
    {
        _packsAll = packsAll;
        _store = Open();
    }

    public override IQueueStore Store => _store;

    public override void Reopen()
    {
        _store.Dispose();
        _store = Open();
    }

    private RocksQueueStore Open()
        => _packsAll
            ? TemporaryDirectory.OpenStore(new StorageOptions
            {
                DataDirectory = _directory.Data,
                PackedItemBytes = 1,
                PackedBatchBytes = 0,
            })
            : _directory.OpenStore();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _directory.Dispose();
    }
}

/// <summary>The store in memory that engine tests use.</summary>
public sealed class TestedMemoryStore : TestedStore
{
    private MemoryQueueStore _store = new();

    public override IQueueStore Store => _store;

    public override void Reopen() => _store = _store.Kill();
}
