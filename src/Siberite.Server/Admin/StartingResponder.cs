using System.Net;
using System.Net.Sockets;
using System.Text;
using Siberite.Server.Settings;

namespace Siberite.Server.Admin;

/// <summary>Answers at the admin address while the silo reads its store and joins: alive, not ready.</summary>
/// <remarks>
/// A large store takes seconds to open, and whoever probes the process must not take it for dead. It knows two paths of
/// one request each, one connection at a time, and hands the address over just before the pages open there; a probe
/// that comes in between, for some milliseconds, is refused. Without a fixed port there is nothing to answer at.
/// </remarks>
internal sealed class StartingResponder : IHostedService, IDisposable
{
    /// <summary>More than the request line and headers of any probe.</summary>
    private const int MaxRequestBytes = 8 << 10;

    /// <summary>A client that sends nothing holds up the others; the next second is theirs.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Socket? _socket;
    private readonly Task _serving = Task.CompletedTask;

    private StartingResponder(Socket? socket)
    {
        _socket = socket;
        if (socket is not null)
        {
            _serving = Task.Run(ServeAsync);
        }
    }

    /// <param name="listen">The admin address. If it cannot be had, Kestrel will say so.</param>
    public static StartingResponder Open(string listen)
    {
        var endPoint = ListenAddress.Parse(listen);
        if (endPoint.Port == 0)
        {
            return new StartingResponder(socket: null);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
            socket.Listen();
            return new StartingResponder(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return new StartingResponder(socket: null);
        }
    }

    /// <summary>Gives the address up. Registered behind Orleans and in front of Kestrel.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Dispose();
        await _serving;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _stopping.Cancel();
        _socket?.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await _socket!.AcceptAsync(_stopping.Token);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                limit.CancelAfter(RequestTimeout);
                await AnswerAsync(client, limit.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // That client is gone or too slow, or it is over.
            }
        }
    }

    private static async Task AnswerAsync(Socket client, CancellationToken cancellation)
    {
        // Read to the end of the headers: closing over unread bytes would reset the connection under the answer.
        var request = new byte[MaxRequestBytes];
        var length = 0;
        while (request.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await client.ReceiveAsync(request.AsMemory(length), cancellation);
            if (count == 0)
            {
                return;
            }

            length += count;
        }

        await client.SendAsync(AnswerTo(request.AsSpan(0, length)), cancellation);
        client.Shutdown(SocketShutdown.Send);
    }

    private static byte[] AnswerTo(ReadOnlySpan<byte> request)
    {
        var (status, text) = request.StartsWith("GET /healthz "u8)
            ? ((int)HttpStatusCode.OK + " OK", "healthy\n")
            : ((int)HttpStatusCode.ServiceUnavailable + " Service Unavailable", "starting\n");
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
            + $"Content-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}");
    }
}
