using System.Net;
using System.Net.Sockets;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>Where a silo of a cluster accepts the others, and where they look for it.</summary>
public sealed record SiloEndpoint(IPEndPoint Listen, IPEndPoint Advertised)
{
    /// <summary>As the options say it, after <see cref="Resolve"/>.</summary>
    public static SiloEndpoint Of(ClusterOptions options)
    {
        var advertised = IPAddress.Parse(options.AdvertisedAddress);
        var listen = options.SiloListen.Length > 0 ? ParseListen(options.SiloListen)!
            : IPAddress.IsLoopback(advertised) ? advertised
            : advertised.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any
            : IPAddress.IPv6Any;
        return new SiloEndpoint(
            new IPEndPoint(listen, options.SiloPort), new IPEndPoint(advertised, options.SiloPort));
    }

    /// <summary>Makes <see cref="ClusterOptions.AdvertisedAddress"/> an IP address: what it is set to, looked up if it
    /// is a name, or what follows from the addresses this silo listens on.</summary>
    /// <param name="options">Changed.</param>
    /// <param name="gateway">What the gateway listens on.</param>
    /// <returns>The complaint of an operator's setting that cannot be followed; <see langword="null"/> when all is
    /// well.</returns>
    public static string? Resolve(ClusterOptions options, IPAddress gateway)
    {
        var named = options.AdvertisedAddress;
        var listen = ParseListen(options.SiloListen);
        var address = named.Length > 0 ? LookUp(named) : listen is not null && !IsAny(listen) ? listen : gateway;
        if (address is null)
        {
            return $"'{named}': no address of that name can be found";
        }

        if (IsAny(address))
        {
            return "'" + named + "': must be an address at which other silos reach this one, since it listens on all";
        }

        options.AdvertisedAddress = address.ToString();
        return null;
    }

    /// <returns><see langword="null"/> for what is neither an IP address nor a word for one.</returns>
    public static IPAddress? ParseListen(string text) => text switch
    {
        "*" => IPAddress.Any,
        "localhost" => IPAddress.Loopback,
        _ => IPAddress.TryParse(text, out var address) ? address : null,
    };

    /// <remarks>IPv4 first: a name with both is most often reached by it from everywhere.</remarks>
    private static IPAddress? LookUp(string name)
    {
        try
        {
            var found = Dns.GetHostAddresses(name);
            return Array.Find(found, address => address.AddressFamily == AddressFamily.InterNetwork)
                ?? found.FirstOrDefault();
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return null;
        }
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
