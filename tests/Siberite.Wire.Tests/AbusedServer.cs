using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>A server process for one test's hostilities, with a neighbour who must not notice them.</summary>
internal sealed class AbusedServer : IAsyncDisposable
{
    private readonly string _data;

    private AbusedServer(string data, ServerProcess process, Neighbour neighbour)
    {
        _data = data;
        Process = process;
        Neighbour = neighbour;
    }

    public ServerProcess Process { get; }

    public Neighbour Neighbour { get; }

    /// <summary>Resident memory of the server, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{Process.Id}/status")
                .Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kibibytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
        }
    }

    /// <summary>Files and sockets that the server has open.</summary>
    public int FileCount => Directory.GetFileSystemEntries($"/proc/{Process.Id}/fd").Length;

    public static async Task<AbusedServer> StartAsync(params string[] settings)
    {
        var data = Directory.CreateTempSubdirectory("siberite-abuse-").FullName;
        var process = await ServerProcess.StartAsync(data, settings);
        return new AbusedServer(data, process, await Neighbour.StartAsync(process.EndPoint));
    }

    /// <summary>Starts a server that may have only so many files open, as after <c>ulimit -n</c>.</summary>
    public static async Task<AbusedServer> StartWithFilesAsync(int count)
    {
        var data = Directory.CreateTempSubdirectory("siberite-abuse-").FullName;
        var process = ServerProcess.Launch(data);

        // At once, so that the process finds the limit when it looks.
        using var prlimit = System.Diagnostics.Process.Start(
            "prlimit", [$"--pid={process.Id}", $"--nofile={count}:{count}"]);
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
        await process.WaitUntilServingAsync();
        return new AbusedServer(data, process, await Neighbour.StartAsync(process.EndPoint));
    }

    /// <summary>A bare connection.</summary>
    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Process.EndPoint);
        return socket;
    }

    /// <summary>One line of <c>stats</c> as a number; 0 when there is none.</summary>
    public async Task<long> StatAsync(string argument, string key)
    {
        var line = (await StatsAsync(argument))
            .FirstOrDefault(l => l.StartsWith($"STAT {key} ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }

    /// <summary>The lines of <c>stats</c> without <c>END</c>.</summary>
    public async Task<IReadOnlyList<string>> StatsAsync(string argument)
    {
        await using var client = await WireClient.ConnectAsync(Process.EndPoint, CancellationToken.None);
        client.Write($"stats {argument}");
        await client.SendAsync(CancellationToken.None);
        var lines = new List<string>();
        for (var line = ""; line != "END";)
        {
            line = await client.ReadLineAsync(CancellationToken.None);
            lines.Add(line);
        }

        return lines[..^1];
    }

    /// <summary>Everything the server says to a connection until it closes it.</summary>
    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Poll.Patience);
        var text = new StringBuilder();
        var buffer = new byte[4_096];
        try
        {
            for (var count = -1; count != 0;)
            {
                count = await socket.ReceiveAsync(buffer, limit.Token);
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            // Reset: closed, with bytes of ours still unread.
        }

        return text.ToString();
    }

    /// <summary>Fails if the neighbour was harmed.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Neighbour.IsServedAsync();
            await Neighbour.DisposeAsync();
        }
        finally
        {
            await Process.DisposeAsync();
            Directory.Delete(_data, recursive: true);
        }
    }
}
