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
    private RocksQueueStore _store;

    public TestedRocksStore() => _store = _directory.OpenStore();

    public override IQueueStore Store => _store;

    public override void Reopen()
    {
        _store.Dispose();
        _store = _directory.OpenStore();
    }

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
