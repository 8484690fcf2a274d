using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Siberite.Server.Settings;

/// <summary>Reads <c>host:port</c>.</summary>
internal static class ListenAddress
{
    /// <summary>What is legal, for error messages.</summary>
    public const string Expected =
        "host:port, where host is an IP address (IPv6 in brackets), localhost, or * or nothing for all addresses";

    /// <exception cref="FormatException">It is no such address.</exception>
    public static IPEndPoint Parse(string text)
        => TryParse(text, out var endPoint) ? endPoint : throw new FormatException($"'{text}' is not {Expected}.");

    /// <remarks>Names other than <c>localhost</c> are not looked up: what they resolve to may change, and a server
    /// should listen where it was told to.</remarks>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        endPoint = null;
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        if (TryParseHost(text[..colon]) is { } address)
        {
            endPoint = new IPEndPoint(address, port);
        }

        return endPoint is not null;
    }

    private static IPAddress? TryParseHost(string host) => host switch
    {
        "" or "*" => IPAddress.IPv6Any, // Kestrel accepts IPv4 on it too.
        "localhost" => IPAddress.Loopback,
        ['[', .. var inner, ']'] => IPAddress.TryParse(inner, out var address) && inner.Contains(':') ? address : null,
        _ => host.Count(c => c == '.') == 3 && IPAddress.TryParse(host, out var address) ? address : null,
    };
}
