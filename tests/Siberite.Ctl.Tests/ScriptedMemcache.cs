using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Siberite.Ctl.Tests;

/// <summary>A memcache server that answers what a test says. Every command goes through one place, one at a
/// time.</summary>
internal sealed class ScriptedMemcache : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Func<string, Task<string?>> _answer;
    private readonly Task _accepting;

    /// <param name="answer">From a command line to the reply with its line ends; <see langword="null"/> closes the
    /// connection.</param>
    public ScriptedMemcache(Func<string, Task<string?>> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ScriptedMemcache(Func<string, string?> answer)
        : this(line => Task.FromResult(answer(line)))
    {
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _turn.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var closed = client;
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        try
        {
            while (await reader.ReadLineAsync(_closing.Token) is { } line
                && await AnswerAsync(line, reader) is { } reply)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(reply), _closing.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The test, or its client, is done.
        }
    }

    private async Task<string?> AnswerAsync(string line, StreamReader reader)
    {
        if (line.StartsWith("set ", StringComparison.Ordinal))
        {
            var bytes = int.Parse(line.Split(' ')[4], CultureInfo.InvariantCulture);
            await reader.ReadBlockAsync(new char[bytes + 2], _closing.Token);
        }

        if (line == "version")
        {
            return "VERSION 1.2.3\r\n";
        }

        await _turn.WaitAsync(_closing.Token);
        try
        {
            return await _answer(line);
        }
        finally
        {
            _turn.Release();
        }
    }
}
