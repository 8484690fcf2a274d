using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Storage;

namespace Siberite.Benchmarks.Local;

/// <summary>The engine of one silo under <c>os</c>, where the caller's thread does all the work that a client waits
/// for, over a store in a directory of its own or over none.</summary>
internal sealed class LocalEngine : IDisposable
{
    private static readonly SessionId Session = new(Gateway: 1, Number: 1);

    private readonly IQueueStore _store;
    private readonly DirectoryInfo? _directory;

    private LocalEngine(IQueueStore store, DirectoryInfo? directory, TimeProvider time)
    {
        (_store, _directory) = (store, directory);
        Queues = new LocalQueues(
            store, new EngineOptions(), new StorageOptions { Durability = Durability.Os }, time,
            NullLogger<LocalQueues>.Instance);
        Queue = Queues.Open(QueueName.Parse("work"u8));
    }

    public LocalQueues Queues { get; }

    public IQueue Queue { get; }

    public static LocalEngine OverNothing(TimeProvider? time = null)
        => new(new DiscardingStore(), null, time ?? TimeProvider.System);

    public static LocalEngine OverRocks(TimeProvider? time = null)
    {
        var directory = Directory.CreateTempSubdirectory("siberite-bench-");
        return new LocalEngine(OpenRocks(directory), directory, time ?? TimeProvider.System);
    }

    public static RocksQueueStore OpenRocks(DirectoryInfo directory)
        => RocksQueueStore.Open(
            new StorageOptions { DataDirectory = Path.Combine(directory.FullName, "data") }, NullLogger.Instance,
            TimeProvider.System);

    /// <summary>Appends an item and has it written.</summary>
    public void Append(ReadOnlyMemory<byte> payload)
    {
        var draft = new ItemDraft(new ReadOnlySequence<byte>(payload), Flags: 0, ExpiresAt: 0, MustSync: false);
        var appended = Now(Queue.AppendAsync(draft));
        Queues.Commits.Request(appended.Commit);
    }

    /// <summary>Takes the item that waits and closes it, as a plain get does.</summary>
    public int Take()
    {
        var taken = Now(Queue.TakeAsync(Session, TakeMode.Plain, TimeSpan.Zero));
        if (taken.Status != TakeStatus.Taken)
        {
            throw new InvalidOperationException("There was nothing to take.");
        }

        Now(Queue.CloseAsync(Session, taken.Item.Sequence));
        return taken.Item.Payload.Length;
    }

    public void Dispose()
    {
        Queues.Dispose();
        _store.Dispose();
        _directory?.Delete(recursive: true);
    }

    private static T Now<T>(ValueTask<T> work)
        => work.IsCompletedSuccessfully
            ? work.Result
            : throw new InvalidOperationException("The local path went another way.");
}
