using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;

namespace Siberite.Storage.Tests;

/// <summary>A directory of its own for one test, gone afterwards.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("siberite-storage-").FullName;

    /// <summary>A data directory within it, not there yet.</summary>
    public string Data => System.IO.Path.Combine(Path, "data");

    /// <summary>Where the database's files are.</summary>
    public string Store => System.IO.Path.Combine(Data, DataDirectory.StoreDirectory);

    /// <summary>Where large payloads are.</summary>
    public string Payloads => System.IO.Path.Combine(Data, PayloadFiles.DirectoryName);

    public StorageOptions Options => new() { DataDirectory = Data };

    public RocksQueueStore OpenStore() => OpenStore(Options);

    /// <summary>Opens a store that keeps all but large payloads in its database, also those of large batches.</summary>
    public RocksQueueStore OpenWithoutPacks() => OpenStore(new StorageOptions
    {
        DataDirectory = Data,
        PackedItemBytes = 0,
    });

    public static RocksQueueStore OpenStore(StorageOptions options)
        => RocksQueueStore.Open(options, NullLogger.Instance, TimeProvider.System);

    public static long BytesIn(string path)
        => new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
