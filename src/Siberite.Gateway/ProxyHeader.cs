using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Siberite.Gateway;

/// <summary>How far a PROXY header has been read.</summary>
internal enum ProxyHeaderStatus : byte
{
    /// <summary>It may be one, but is not whole.</summary>
    NeedsMore,
    Complete,

    /// <summary>It is none.</summary>
    Invalid,
}

/// <summary>The PROXY protocol, versions 1 and 2: a proxy in front tells whom it connects.</summary>
/// <remarks><code>
/// v1 = "PROXY " ( "TCP4" / "TCP6" ) " " source " " target " " source-port " " target-port CRLF
///    / "PROXY UNKNOWN" *OCTET CRLF                                at most 107 bytes
/// v2 = CRLF CRLF NUL CRLF "QUIT" LF, 2 x 4 bits version (2) and command (0 local, 1 proxy),
///      2 x 4 bits family (1 IPv4, 2 IPv6) and transport (1 stream), length:16, addresses, ports, extensions
/// </code>
/// A proxy's own connection, such as a health check, has no address to tell.
/// </remarks>
internal static class ProxyHeader
{
    private const int MaxTextBytes = 107;
    private const int BinaryPrefixBytes = 16;

    /// <summary>Addresses and extensions of version 2. 4 KiB: they hold names and certificates' names.</summary>
    private const int MaxBinaryBytes = 4 << 10;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> TextStart => "PROXY "u8;

    /// <summary>Reads the header off the front of <paramref name="input"/>.</summary>
    /// <param name="input">Moved behind the header when it is complete.</param>
    /// <param name="source">The client; <see langword="null"/> if the header does not tell.</param>
    public static ProxyHeaderStatus TryRead(ref ReadOnlySequence<byte> input, out IPAddress? source)
    {
        source = null;
        var bytes = input.Slice(0, Math.Min(input.Length, BinaryPrefixBytes + MaxBinaryBytes)).ToArray();
        var status = IsStartOf(bytes, Signature) ? ReadBinary(bytes, out var length, out source)
            : IsStartOf(bytes, TextStart) ? ReadText(bytes, out length, out source)
            : Fail(ProxyHeaderStatus.Invalid, out length);
        if (status == ProxyHeaderStatus.Complete)
        {
            input = input.Slice(length);
        }

        return status;
    }

    private static ProxyHeaderStatus ReadText(ReadOnlySpan<byte> bytes, out int length, out IPAddress? source)
    {
        source = null;
        var end = bytes.IndexOf("\r\n"u8);
        length = end + 2;
        if (end < 0 || length > MaxTextBytes)
        {
            return end < 0 && bytes.Length < MaxTextBytes ? ProxyHeaderStatus.NeedsMore : ProxyHeaderStatus.Invalid;
        }

        var words = Encoding.ASCII.GetString(bytes[..end]).Split(' ');
        if (words is ["PROXY", "UNKNOWN", ..])
        {
            return ProxyHeaderStatus.Complete;
        }

        var isKnown = words is ["PROXY", "TCP4" or "TCP6", _, _, _, _] && IPAddress.TryParse(words[2], out source);
        return isKnown ? ProxyHeaderStatus.Complete : ProxyHeaderStatus.Invalid;
    }

    private static ProxyHeaderStatus ReadBinary(ReadOnlySpan<byte> bytes, out int length, out IPAddress? source)
    {
        source = null;
        if (bytes.Length < BinaryPrefixBytes)
        {
            return Fail(ProxyHeaderStatus.NeedsMore, out length);
        }

        var command = bytes[12];
        var bodyBytes = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        length = BinaryPrefixBytes + bodyBytes;
        if (command is not (0x20 or 0x21) || bodyBytes > MaxBinaryBytes)
        {
            return ProxyHeaderStatus.Invalid;
        }

        if (bytes.Length < length)
        {
            return ProxyHeaderStatus.NeedsMore;
        }

        var addressBytes = bytes[13] switch
        {
            0x11 => 4,
            0x21 => 16,
            _ => 0, // Not TCP, or not told.
        };
        if (command == 0x20 || addressBytes == 0)
        {
            return ProxyHeaderStatus.Complete;
        }

        if (bodyBytes < (2 * addressBytes) + 4)
        {
            return ProxyHeaderStatus.Invalid;
        }

        source = new IPAddress(bytes.Slice(BinaryPrefixBytes, addressBytes));
        return ProxyHeaderStatus.Complete;
    }

    /// <summary>Whether <paramref name="bytes"/> begin as <paramref name="start"/>, as far as they go.</summary>
    private static bool IsStartOf(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
        => bytes.Length >= start.Length ? bytes.StartsWith(start) : start.StartsWith(bytes);

    private static ProxyHeaderStatus Fail(ProxyHeaderStatus status, out int length)
    {
        length = 0;
        return status;
    }
}
