namespace Siberite.Storage.Tests;

public sealed class RocksQueueStoreContract() : QueueStoreContract(new TestedRocksStore());

public sealed class MemoryQueueStoreContract() : QueueStoreContract(new TestedMemoryStore());
