using System.Net;
using System.Net.Sockets;

namespace Siberite.Testing.Clusters;

/// <summary>Where the processes of a cluster are, and how they are reached. This one: all on the loopback
/// address.</summary>
public class ClusterNetwork
{
    /// <summary>All on the loopback address.</summary>
    public static ClusterNetwork Loopback { get; } = new();

    /// <summary>An endpoint that stays a process's own over restarts.</summary>
    /// <param name="place">The name of the process: silos have theirs, others are <c>db</c> and <c>proxy</c>.</param>
    public virtual IPEndPoint NewEndPoint(string place) => FixedPorts.Next();

    /// <summary>A program that becomes the process of a place, with its arguments; empty for none.</summary>
    public virtual IReadOnlyList<string> PrefixOf(string place) => [];

    /// <summary>A TCP socket that reaches the places.</summary>
    public virtual Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>An HTTP client that reaches the places.</summary>
    public HttpClient NewHttpClient(TimeSpan timeout)
        => new(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = NewSocket();
                try
                {
                    socket.NoDelay = true;
                    await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            Timeout = timeout,
        };

    /// <summary>Whether somebody listens.</summary>
    public async Task<bool> IsListeningAsync(IPEndPoint endPoint)
    {
        try
        {
            using var socket = NewSocket();
            await socket.ConnectAsync(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
