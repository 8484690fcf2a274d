using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Testing.Stores;

namespace Siberite.Queues.Tests;

/// <summary>The engine over a store in memory, with its clock and its background in the test's hands.</summary>
internal sealed class Engine : IDisposable
{
    private readonly Durability _durability;
    private readonly EngineOptions _options;
    private readonly Dictionary<string, QueueLayer> _layers = [];

    public Engine(
        Durability durability = Durability.Os, long cacheBytes = 1 << 20, int readAheadBytes = 4096,
        long maxMemoryQueueBytes = 1 << 30, int largeBytes = int.MaxValue)
    {
        Store = new MemoryQueueStore { LargeBytes = largeBytes };
        _durability = durability;
        _options = new EngineOptions
        {
            PayloadCacheBytes = cacheBytes,
            ReadAheadBytes = readAheadBytes,
            MaxMemoryQueueBytes = maxMemoryQueueBytes,
        };
        Queues = Start();
    }

    public MemoryQueueStore Store { get; private set; }

    public ManualBackground Background { get; private set; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public LocalQueues Queues { get; private set; }

    public Queue this[string name] => Queues.Open(QueueName.Parse(name));

    public static ItemDraft Draft(string payload, long expiresAt = 0, bool mustSync = false)
        => new(new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(payload)), Flags: 7, expiresAt, mustSync);

    public static SessionId Session(int number) => new(Gateway: 1, number);

    /// <summary>Takes without waiting, helping the store along.</summary>
    public string? Take(string queue, int session = 1, TakeMode mode = TakeMode.Open)
        => Text(Settle(this[queue].TakeAsync(Session(session), mode, TimeSpan.Zero)));

    public Item TakeItem(string queue, int session = 1)
        => Settle(this[queue].TakeAsync(Session(session), TakeMode.Open, TimeSpan.Zero)).Item;

    public IQueueCursor Cursor(string queue, string cursor) => this[queue].OpenCursor(CursorName.Parse(cursor));

    /// <summary>Takes for a cursor without waiting, helping the store along.</summary>
    public string? TakeFor(string queue, string cursor, int session = 1, TakeMode mode = TakeMode.Open)
        => Text(Settle(Cursor(queue, cursor).TakeAsync(Session(session), mode, TimeSpan.Zero)));

    public Item TakeItemFor(string queue, string cursor, int session = 1)
        => Settle(Cursor(queue, cursor).TakeAsync(Session(session), TakeMode.Open, TimeSpan.Zero)).Item;

    public void Close(string queue, long sequence, int session = 1)
        => Assert.True(this[queue].CloseAsync(Session(session), sequence).AsTask().IsCompletedSuccessfully);

    public void Abort(string queue, long sequence, int session = 1)
        => Assert.True(this[queue].AbortAsync(Session(session), sequence).AsTask().IsCompletedSuccessfully);

    /// <summary>The session of an open read is gone.</summary>
    public void Lose(string queue, long sequence, int session = 1)
        => Assert.True(this[queue].ReturnAsync(Session(session), sequence).AsTask().IsCompletedSuccessfully);

    /// <summary>Puts settings of one queue, or of a pattern, in force beside those of others.</summary>
    public void Tell(string name, Action<QueueOptions> apply)
    {
        _layers[name] = new QueueLayer(name, apply);
        Queues.Settings.Replace(new QueueSettings(_layers.Values));
    }

    public QueueStats Stats(string queue) => Queues.GetStats(QueueName.Parse(queue)).Single();

    public void Append(string queue, params string[] payloads)
    {
        foreach (var payload in payloads)
        {
            this[queue].Append(Draft(payload));
        }
    }

    public TakeResult Settle(ValueTask<TakeResult> take)
    {
        var task = take.AsTask();
        Background.RunAll();
        Assert.True(task.IsCompleted, "The take waits for something that will not come.");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>What was taken; a large payload is let go of.</summary>
    public static string? Text(TakeResult result)
        => result.Status == TakeStatus.Taken ? Encoding.ASCII.GetString(result.Item.InMemory().Payload) : null;

    public void Commit()
    {
        Queues.CommitNow();
        Background.RunAll();
    }

    /// <summary>SIGKILL: what was written to the operating system is there after the restart.</summary>
    public void Kill() => Restart(Store.Kill());

    /// <summary>Power cut: only what was synced is there after the restart.</summary>
    public void CutPower() => Restart(Store.Crash());

    public void Dispose() => Queues.Dispose();

    private void Restart(MemoryQueueStore found)
    {
        Store = found;
        Background = new ManualBackground();
        var fansOut = Queues.FansOut;
        Queues = Start();
        Queues.FansOut = fansOut;
        Queues.Settings.Replace(new QueueSettings(_layers.Values));
    }

    private LocalQueues Start()
        => new(
            Store, _options, new StorageOptions { Durability = _durability }, Time, Background, NullLogger.Instance);
}
