using System.Net;
using System.Net.Sockets;

namespace Siberite.Testing.Transcripts;

/// <summary>Plays against whoever listens on a TCP endpoint.</summary>
public sealed class TcpTranscriptServer(IPEndPoint endPoint) : ITranscriptServer
{
    /// <inheritdoc/>
    public async Task<ITranscriptConnection> ConnectAsync(CancellationToken cancellation)
    {
        // Without delay, so that every piece becomes a segment of its own.
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            return new Connection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class Connection(Socket socket) : ITranscriptConnection
    {
        public Stream Stream { get; } = new NetworkStream(socket, ownsSocket: true);

        public void EndSending()
        {
            try
            {
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // The server was faster and has closed; there is nothing left to end.
            }
        }

        public void Reset()
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Dispose();
        }

        public ValueTask DisposeAsync() => Stream.DisposeAsync();
    }
}
