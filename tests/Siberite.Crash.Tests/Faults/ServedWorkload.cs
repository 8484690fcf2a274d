using Siberite.Testing;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;
using Siberite.Testing.Histories.Workload;

namespace Siberite.Crash.Tests.Faults;

/// <summary>A real server on one data directory, in one life or many, the clients that use it, and the ledger of it
/// all.</summary>
internal sealed class ServedWorkload : IAsyncDisposable
{
    private const int ShownLines = 40;

    private readonly string _dataDirectory;
    private readonly string[] _arguments;
    private readonly Gate _gate = new(Refusals.Standalone);
    private ServerProcess? _server;

    public ServedWorkload(string dataDirectory, string[] arguments, WorkloadPlan plan, int seed)
    {
        _dataDirectory = dataDirectory;
        _arguments = arguments;
        Run = new WorkloadRun(Ledger, _gate, plan, seed);
    }

    public Ledger Ledger { get; } = new();

    public WorkloadRun Run { get; }

    public ServerProcess Server => _server ?? throw new InvalidOperationException("No server yet.");

    /// <summary>The longest time from a launch to the first answer.</summary>
    public TimeSpan SlowestStart { get; private set; }

    /// <summary>What happened, in numbers.</summary>
    public string Summary
    {
        get
        {
            var (stored, finished) = Ledger.Progress;
            return $"{Ledger.OperationCount} commands, {stored} copies stored, {finished} read, "
                + $"slowest start {SlowestStart.TotalSeconds:f2} s";
        }
    }

    /// <summary>The last words of the server.</summary>
    public string ServerOutput
        => _server is null ? "" : string.Join('\n', _server.Output.Split('\n').TakeLast(ShownLines));

    /// <summary>Starts the next life and lets clients in.</summary>
    public async Task ServeAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        Launch();
        await Server.WaitUntilServingAsync();
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        SlowestStart = elapsed > SlowestStart ? elapsed : SlowestStart;
        Ledger.Served();
        var endPoint = Server.EndPoint;
        _gate.Open(Ledger.CrashCount, cancellation => WireClient.ConnectAsync(endPoint, cancellation));
    }

    /// <summary>Starts the next life and waits for nothing.</summary>
    public void Launch() => _server = ServerProcess.Launch(_dataDirectory, _arguments);

    /// <summary>Makes new clients wait.</summary>
    public void Shut() => _gate.Shut();

    /// <summary>Ends this life by SIGKILL.</summary>
    public async Task KillAsync()
    {
        var crash = Ledger.BeginCrash(CrashKind.Kill);
        await Server.KillAsync();
        await EndAsync(crash);
    }

    /// <summary>To be called when the server of this life is gone.</summary>
    public ValueTask EndAsync(Testing.Histories.Crash crash)
    {
        Ledger.ReturnCrash(crash);
        return Server.DisposeAsync();
    }

    /// <summary>A session of our own beside the workload's.</summary>
    public async Task<LoggedSession> BeginSessionAsync(string client, CancellationToken cancellation)
        => await Sessions.BeginAsync(Ledger, _gate, client, cancellation)
            ?? throw new OperationCanceledException(cancellation);

    /// <summary>Lets clients finish, reads everything and judges.</summary>
    public async Task<Verdict> FinishAsync()
    {
        await Run.StopAsync();
        await Run.DrainAsync(TimeSpan.FromMilliseconds(300));
        return Judge();
    }

    public Verdict Judge() => Verdict.Of(Ledger.Close(isDrained: true), new CheckerOptions());

    public async ValueTask DisposeAsync()
    {
        Run.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
