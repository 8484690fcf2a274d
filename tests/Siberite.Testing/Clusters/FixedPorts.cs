using System.Net;
using System.Net.Sockets;

namespace Siberite.Testing.Clusters;

/// <summary>Ports that stay a process's own over restarts.</summary>
/// <remarks>Below those the system gives to outgoing connections (32768): one of these could take a port while its
/// owner is down.</remarks>
public static class FixedPorts
{
    private const int First = 15_000;
    private const int Limit = 32_000;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>An endpoint of the loopback address that nobody listens on and that was not given out before.</summary>
    public static IPEndPoint Next()
    {
        lock (Gate)
        {
            while (true)
            {
                var endPoint = new IPEndPoint(IPAddress.Loopback, Random.Shared.Next(First, Limit));
                if (Given.Add(endPoint.Port) && IsFree(endPoint))
                {
                    return endPoint;
                }
            }
        }
    }

    private static bool IsFree(IPEndPoint endPoint)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
