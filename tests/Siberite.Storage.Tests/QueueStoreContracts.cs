using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Storage.Tests;

public sealed class RocksQueueStoreContract : QueueStoreContract
{
    private readonly TemporaryDirectory _directory = new();
    private RocksQueueStore _store;

    public RocksQueueStoreContract()
    {
        _store = _directory.OpenStore();
    }

    protected override IQueueStore Store => _store;

    protected override void Reopen()
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

public sealed class MemoryQueueStoreContract : QueueStoreContract
{
    private MemoryQueueStore _store = new();

    protected override IQueueStore Store => _store;

    protected override void Reopen() => _store = _store.Kill();
}
