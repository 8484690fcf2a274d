namespace Siberite.Storage.Tests;

public sealed class RocksQueueStoreContract() : QueueStoreContract(new TestedRocksStore(packsAll: false));

public sealed class PackingRocksQueueStoreContract() : QueueStoreContract(new TestedRocksStore(packsAll: true));

public sealed class MemoryQueueStoreContract() : QueueStoreContract(new TestedMemoryStore());
