using System.Net.Sockets;
using System.Text;

namespace Siberite.Server.Hosting;

/// <summary>Tells systemd how far the silo is: <c>sd_notify</c> by hand, a datagram each.</summary>
/// <remarks>Where no service manager asked to be told, it does nothing. What cannot be told is not worth stopping
/// for: the manager has time-outs of its own.</remarks>
internal sealed class ServiceNotice
{
    /// <summary>Where systemd wants to be told (sd_notify(3)): a path, or an abstract name after <c>@</c>.</summary>
    private const string Variable = "NOTIFY_SOCKET";

    private readonly UnixDomainSocketEndPoint? _manager;

    private ServiceNotice(UnixDomainSocketEndPoint? manager) => _manager = manager;

    /// <summary>As the environment says, which is then cleared so that no child process speaks for the silo.</summary>
    public static ServiceNotice FromEnvironment()
    {
        var address = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        return new ServiceNotice(address switch
        {
            ['/', ..] => new UnixDomainSocketEndPoint(address),
            ['@', .. var name] => new UnixDomainSocketEndPoint('\0' + name),
            _ => null,
        });
    }

    /// <summary>It serves.</summary>
    /// <param name="status">For <c>systemctl status</c>.</param>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}\n");

    /// <summary>It stops.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=Stopping: sessions finish what they began.\n");

    private void Send(string text)
    {
        if (_manager is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(text), _manager);
        }
        catch (SocketException)
        {
            // The manager is gone or deaf; see above.
        }
    }
}
