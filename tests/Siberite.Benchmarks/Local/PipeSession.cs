using System.IO.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Gateway;

namespace Siberite.Benchmarks.Local;

/// <summary>A session of the gateway whose client is this thread: everything happens on it, between two
/// pipes.</summary>
internal sealed class PipeSession : IDisposable
{
    private readonly LocalEngine _engine;
    private readonly SessionList _sessions = new(TimeProvider.System);
    private readonly Pipe _toSession = new(Inline(pauseWriterThreshold: 0, resumeWriterThreshold: 0));

    // As the socket transport is set up: a flush is over when the other side has taken everything.
    private readonly Pipe _toClient = new(Inline(pauseWriterThreshold: 1, resumeWriterThreshold: 0));
    private readonly Task _run;

    public PipeSession(LocalEngine engine)
    {
        _engine = engine;

        // A test's context would carry the session off this thread at its first await.
        SynchronizationContext.SetSynchronizationContext(null);
        var parts = new GatewayParts(
            GatewayIdentity.Draw(), new DirectRouter(engine.Queues, engine.Queue), Options.Create(new GatewayOptions()),
            new GatewayCounters(), _sessions, new NoControl(), new AlwaysUp(),
            engine.Queues.Settings, TimeProvider.System, NullLogger<GatewayConnectionHandler>.Instance);
        var session = new Session(
            new Transport(_toSession.Reader, _toClient.Writer), () => { }, parts, number: 1);
        _sessions.Add(session);
        _run = session.RunAsync();
    }

    /// <summary>Sends commands and takes their replies, which must have so many bytes.</summary>
    public void Ask(ReadOnlySpan<byte> commands, long replyBytes)
    {
        commands.CopyTo(_toSession.Writer.GetSpan(commands.Length));
        _toSession.Writer.Advance(commands.Length);
        var flush = _toSession.Writer.FlushAsync();
        if (!flush.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The session does not read.");
        }

        for (var left = replyBytes; left > 0;)
        {
            if (!_toClient.Reader.TryRead(out var read) || read.Buffer.Length > left)
            {
                throw new InvalidOperationException($"The replies have not the {replyBytes} bytes they should have.");
            }

            left -= read.Buffer.Length;
            _toClient.Reader.AdvanceTo(read.Buffer.End);
        }
    }

    public void Dispose()
    {
        _toSession.Writer.Complete();
        _toClient.Reader.Complete();
        _run.GetAwaiter().GetResult();
        _sessions.Dispose();
        _engine.Dispose();
    }

    private static PipeOptions Inline(long pauseWriterThreshold, long resumeWriterThreshold)
        => new(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
            pauseWriterThreshold: pauseWriterThreshold, resumeWriterThreshold: resumeWriterThreshold,
            minimumSegmentSize: 16 << 10, useSynchronizationContext: false);

    private sealed class NoControl : ISiloControl
    {
        public string? Reload() => null;

        public void Shutdown()
        {
        }
    }

    private sealed class AlwaysUp : IServiceStatus
    {
        public event Action? Changed
        {
            add { }
            remove { }
        }

        public ServiceStatus InForce => ServiceStatus.Up;

        public ServiceStatus Wanted => ServiceStatus.Up;

        public Commit Change(ServiceStatus status) => throw new NotSupportedException("Nobody asks for it.");
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
