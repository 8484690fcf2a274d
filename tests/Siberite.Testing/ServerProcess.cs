using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Siberite.Testing.Clusters;

namespace Siberite.Testing;

/// <summary>A real server process of its own, on free ports of the loopback address.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServerProcess(Process process, string dataDirectory, IPEndPoint endPoint, IPEndPoint adminEndPoint)
    {
        _process = process;
        DataDirectory = dataDirectory;
        EndPoint = endPoint;
        AdminEndPoint = adminEndPoint;
    }

    /// <summary>Where its queues are.</summary>
    public string DataDirectory { get; }

    /// <summary>Where it speaks memcache.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where its pages are.</summary>
    public IPEndPoint AdminEndPoint { get; }

    /// <summary>The operating system's number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Everything it has printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a server and returns when it answers <c>version</c>.</summary>
    /// <param name="dataDirectory">Its data; the same directory again after a kill is a restart.</param>
    /// <param name="arguments">Further flags.</param>
    public static async Task<ServerProcess> StartAsync(string dataDirectory, params string[] arguments)
    {
        var server = Launch(dataDirectory, arguments);
        try
        {
            await server.WaitUntilServingAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a server without waiting for anything.</summary>
    public static ServerProcess Launch(string dataDirectory, params string[] arguments)
        => Launch([], dataDirectory, FreeEndPoint(), FreeEndPoint(), arguments);

    /// <summary>Starts a server on given addresses without waiting for anything.</summary>
    /// <param name="prefix">A program that becomes the server, with its arguments; empty for none.</param>
    /// <param name="dataDirectory">Its data.</param>
    /// <param name="endPoint">Where it speaks memcache.</param>
    /// <param name="adminEndPoint">Where its pages are.</param>
    /// <param name="arguments">Further flags.</param>
    public static ServerProcess Launch(
        IReadOnlyList<string> prefix, string dataDirectory, IPEndPoint endPoint, IPEndPoint adminEndPoint,
        params string[] arguments)
    {
        // Whoever runs the tests in the background may have SIGINT ignored, and that is inherited.
        string[] all =
        [
            .. prefix, "env", "--default-signal=INT", "dotnet", Repository.ServerAssembly,
            "-listen", endPoint.ToString(), "-admin", adminEndPoint.ToString(), "-data", dataDirectory, .. arguments,
        ];
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        var server = new ServerProcess(new Process { StartInfo = start }, dataDirectory, endPoint, adminEndPoint);
        server._process.OutputDataReceived += server.Keep;
        server._process.ErrorDataReceived += server.Keep;
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Returns when the server answers <c>version</c>; throws when it exits first or takes a minute.</summary>
    public async Task WaitUntilServingAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await AnswersAsync(limit.Token))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The server exited with {_process.ExitCode}:\n{Output}");
            }

            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"The server does not answer:\n{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
    }

    /// <summary>SIGKILL, as a crash. Returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Whether the process is gone.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Sends a signal by its name without <c>SIG</c>: <c>STOP</c> pauses, <c>CONT</c> goes on.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as an operator. Returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await WaitForExitAsync();
    }

    /// <summary>Waits a minute for the process to exit by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    /// <summary>An endpoint of the loopback address that nobody listens on just now.</summary>
    /// <remarks>Not one that the system picks: a connection on its way out could take it before the server
    /// does.</remarks>
    public static IPEndPoint FreeEndPoint() => FixedPorts.Next();

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(EndPoint, cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync("version\r\n"u8.ToArray(), cancellation);
            var reply = new byte[64];
            var count = await stream.ReadAsync(reply, cancellation);
            var line = reply.AsSpan(0, count);
            return line.StartsWith("VERSION "u8) || line.SequenceEqual("CLIENT_ERROR unauthenticated\r\n"u8);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
