using System.Net;

namespace Siberite.Testing.Clusters;

/// <summary>One silo of a <see cref="ClusterOfProcesses"/>: a data directory and addresses of its own, which stay over
/// restarts.</summary>
public sealed class ClusterSilo : IAsyncDisposable
{
    private readonly ClusterNetwork _network;
    private readonly string _connectionString;
    private readonly string[] _arguments;
    private readonly List<string> _earlier = [];
    private ServerProcess? _process;

    internal ClusterSilo(
        ClusterNetwork network, string name, string dataDirectory, string connectionString, string[] arguments)
    {
        (Name, DataDirectory, _network) = (name, dataDirectory, network);
        (_connectionString, _arguments) = (connectionString, arguments);
        EndPoint = network.NewEndPoint(name);
        AdminEndPoint = network.NewEndPoint(name);
        SiloEndPoint = network.NewEndPoint(name);
    }

    /// <summary>What it calls itself.</summary>
    public string Name { get; }

    /// <summary>Its disk.</summary>
    public string DataDirectory { get; set; }

    /// <summary>Where it speaks memcache.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where its pages are.</summary>
    public IPEndPoint AdminEndPoint { get; }

    /// <summary>Where the other silos reach it.</summary>
    public IPEndPoint SiloEndPoint { get; }

    /// <summary>The process of its present run.</summary>
    /// <exception cref="InvalidOperationException">It was never started.</exception>
    public ServerProcess Process => _process ?? throw new InvalidOperationException($"{Name} was not started.");

    /// <summary>Everything it printed in all its runs.</summary>
    public string Output => string.Concat(_earlier) + _process?.Output;

    /// <summary>Starts the process and returns at once.</summary>
    /// <param name="arguments">Further flags of this run.</param>
    public void Launch(params string[] arguments)
    {
        if (_process is not null)
        {
            _earlier.Add(_process.Output);
        }

        _process = ServerProcess.Launch(
            _network.PrefixOf(Name), DataDirectory, EndPoint, AdminEndPoint,
            [
                "-cluster", _connectionString, "-name", Name, "-silo-port", $"{SiloEndPoint.Port}", .. _arguments,
                .. arguments,
            ]);
    }

    /// <summary>Starts it and returns when it is ready.</summary>
    public async Task StartAsync(params string[] arguments)
    {
        Launch(arguments);
        await WaitUntilReadyAsync();
    }

    /// <summary>Returns when <c>/readyz</c> says ready; throws with its output when it exits first, or in vain after
    /// two minutes: a silo that joins waits for those that crashed before.</summary>
    public Task WaitUntilReadyAsync()
        => Poll.UntilAsync(
            async () => Process.HasExited
                ? throw new InvalidOperationException($"{Name} exited:\n{Process.Output}")
                : await IsReadyAsync(),
            $"{Name} is ready", TimeSpan.FromMinutes(2));

    /// <summary>Whether <c>/readyz</c> says ready just now.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var http = _network.NewHttpClient(TimeSpan.FromSeconds(5));
            using var answer = await http.GetAsync(new Uri($"http://{AdminEndPoint}/readyz"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>SIGKILL, as a crash.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>SIGTERM, as an operator. Returns the exit code.</summary>
    public Task<int> StopAsync() => Process.StopAsync();

    /// <summary>Stops its threads until <see cref="ResumeAsync"/>, as a machine that hangs.</summary>
    public Task PauseAsync() => Process.SignalAsync("STOP");

    /// <summary>Goes on after <see cref="PauseAsync"/>.</summary>
    public Task ResumeAsync() => Process.SignalAsync("CONT");

    /// <summary>Whether a run of it was started that has not ended.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }
}
