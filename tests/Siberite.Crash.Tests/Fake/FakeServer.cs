using Siberite.Testing;

namespace Siberite.Crash.Tests.Fake;

/// <summary>A server inside the test's process that keeps every promise, except for the one bug it is given.</summary>
internal sealed class FakeServer(Mutation mutation)
{
    private readonly FakeDisk _disk = new();
    private readonly List<FakeSession> _sessions = [];
    private FakeEngine? _engine;

    public Strikes Strikes { get; } = new(mutation);

    public void Start() => _engine = new FakeEngine(_disk, Strikes);

    public Task<WireClient> ConnectAsync(CancellationToken cancellation)
    {
        var (client, server) = PairedStream.Create();
        lock (_sessions)
        {
            if (_engine is null)
            {
                return Task.FromException<WireClient>(new IOException("The fake server is down."));
            }

            var session = new FakeSession(server, _engine, Strikes);
            _sessions.Add(session);
            _ = session.ServeAsync();
        }

        return Task.FromResult(new WireClient(client));
    }

    /// <summary>Ends this life at once.</summary>
    public void Crash(bool isPowerCut)
    {
        lock (_sessions)
        {
            _engine!.Die(isPowerCut, _sessions.SelectMany(static session => session.Open));
            _engine = null;
            foreach (var session in _sessions)
            {
                session.Cut();
            }

            _sessions.Clear();
        }
    }
}
