using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Gateway.Tests;

/// <summary>A gateway over an engine over a store in memory; its clients are pipes.</summary>
internal sealed class GatewayOverPipes : IDisposable
{
    private readonly SessionList _sessions;
    private readonly GatewayParts _parts;
    private readonly Durability _durability;
    private readonly TimeProvider _time;
    private long _lastNumber;

    public GatewayOverPipes(
        Durability durability = Durability.Os, GatewayOptions? options = null, TimeProvider? time = null,
        Func<LocalQueues, IQueueRouter>? routerOver = null)
        : this(
            new MemoryQueueStore(), durability, options ?? new GatewayOptions(), time ?? TimeProvider.System,
            routerOver ?? (static queues => new EngineRouter(queues)))
    {
    }

    private GatewayOverPipes(
        MemoryQueueStore store, Durability durability, GatewayOptions options, TimeProvider time,
        Func<LocalQueues, IQueueRouter> routerOver)
    {
        (Store, _durability, _time) = (store, durability, time);
        _sessions = new SessionList(time);
        Queues = new LocalQueues(
            Store, new EngineOptions(), new StorageOptions { Durability = durability }, time,
            NullLogger<LocalQueues>.Instance);
        _parts = new GatewayParts(
            GatewayIdentity.Draw(), routerOver(Queues), Options.Create(options), Counters, _sessions,
            new IdleControl(), Status, Queues.Settings, time, NullLogger<GatewayConnectionHandler>.Instance);
    }

    public MemoryQueueStore Store { get; }

    public LocalQueues Queues { get; }

    public GatewayCounters Counters { get; } = new();

    public TestStatus Status { get; } = new();

    /// <summary>For tests of what comes before a session.</summary>
    public GatewayParts Parts => _parts;

    public PipeClient Connect()
    {
        var toSession = new Pipe(new PipeOptions(useSynchronizationContext: false));

        // As the socket transport is set up: a flush is over when the other side has taken everything.
        var toClient = new Pipe(new PipeOptions(
            pauseWriterThreshold: 1, resumeWriterThreshold: 0, useSynchronizationContext: false));
        var session = new Session(
            new Transport(toSession.Reader, toClient.Writer), () => toSession.Writer.Complete(new IOException()),
            _parts, ++_lastNumber);
        _sessions.Add(session);
        return new PipeClient(toSession.Writer, toClient.Reader, session, RunAsync(session, toSession, toClient));
    }

    /// <summary>SIGKILL: a new gateway over what was handed to the operating system. This one is dead.</summary>
    public GatewayOverPipes Kill() => Restarted(Store.Kill());

    /// <summary>Power cut: a new gateway over what was synced. This one is dead.</summary>
    public GatewayOverPipes CutPower() => Restarted(Store.Crash());

    public QueueStats? Stats(string queue) => Queues.GetStats(QueueName.Parse(queue)).SingleOrDefault();

    public void Dispose()
    {
        Queues.Dispose();
        _sessions.Dispose();
        Store.Dispose();
    }

    private GatewayOverPipes Restarted(MemoryQueueStore found)
        => new(found, _durability, _parts.Options, _time, static queues => new EngineRouter(queues));

    private async Task RunAsync(Session session, Pipe input, Pipe output)
    {
        await session.RunAsync();
        _sessions.Remove(session);
        await input.Reader.CompleteAsync();
        await output.Writer.CompleteAsync();
    }

    /// <summary>No operator in these tests.</summary>
    private sealed class IdleControl : ISiloControl
    {
        public string? Reload() => null;

        public void Shutdown() => throw new NotSupportedException("Nothing here can be shut down.");
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>A status that is set from one moment to the next and kept nowhere.</summary>
internal sealed class TestStatus : IServiceStatus
{
    public event Action? Changed;

    public ServiceStatus InForce { get; private set; }

    public ServiceStatus Wanted => InForce;

    public Commit Change(ServiceStatus status)
    {
        InForce = status;
        Changed?.Invoke();
        return default;
    }
}

/// <summary>One client of a <see cref="GatewayOverPipes"/>.</summary>
internal sealed class PipeClient(PipeWriter output, PipeReader input, Session session, Task run)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public Session Session => session;

    /// <summary>Ends when the session has ended and given everything back.</summary>
    public Task Run => run;

    public async Task SendAsync(string text) => await output.WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await output.WriteAsync(bytes);

    /// <summary>Reads exactly as many bytes as <paramref name="expected"/> has and compares.</summary>
    public async Task ExpectAsync(string expected)
    {
        var read = await input.ReadAtLeastAsync(expected.Length).AsTask().WaitAsync(Patience);
        var count = Math.Min(read.Buffer.Length, expected.Length);
        var text = Encoding.Latin1.GetString(read.Buffer.Slice(0, count));
        input.AdvanceTo(read.Buffer.GetPosition(count));
        Assert.Equal(expected, text);
    }

    public async Task AskAsync(string command, string expected)
    {
        await SendAsync(command);
        await ExpectAsync(expected);
    }

    /// <summary>Whether anything has arrived; looks once.</summary>
    public bool HasReply()
    {
        if (!input.TryRead(out var read))
        {
            return false;
        }

        input.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
        return !read.Buffer.IsEmpty;
    }

    /// <summary>Sends no more; reads what is left.</summary>
    public async Task<string> FinishAsync()
    {
        await CompleteAsync();
        return await FinishReadingAsync();
    }

    public async Task CompleteAsync() => await output.CompleteAsync();

    /// <summary>Reads until the session ends.</summary>
    public async Task<string> FinishReadingAsync()
    {
        var text = new StringBuilder();
        while (true)
        {
            var read = await input.ReadAsync().AsTask().WaitAsync(Patience);
            text.Append(Encoding.Latin1.GetString(read.Buffer));
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return text.ToString();
            }
        }
    }

    /// <summary>Vanishes: nothing more is sent, and what is sent to it fails.</summary>
    public async Task VanishAsync()
    {
        await input.CompleteAsync(new IOException());
        await output.CompleteAsync();
    }
}
