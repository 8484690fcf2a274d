using System.Buffers;
using System.Net;
using System.Text;

namespace Siberite.Gateway.Tests;

public sealed class ProxyHeaderTests
{
    private static readonly byte[] Signature = "\r\n\r\n\0\r\nQUIT\n"u8.ToArray();

    public static TheoryData<byte[], string?> Sound => new()
    {
        { Latin("PROXY TCP4 203.0.113.7 192.0.2.1 56324 22133\r\n"), "203.0.113.7" },
        { Latin("PROXY TCP6 2001:db8::7 2001:db8::1 56324 22133\r\n"), "2001:db8::7" },
        { Latin("PROXY UNKNOWN\r\n"), null },
        { Latin("PROXY UNKNOWN ff::1 ff::2 1 2\r\n"), null },
        { Binary(0x21, 0x11, [203, 0, 113, 7, 192, 0, 2, 1, 1, 2, 3, 4]), "203.0.113.7" },
        { Binary(0x21, 0x11, [203, 0, 113, 7, 192, 0, 2, 1, 1, 2, 3, 4, 4, 0, 1, 9]), "203.0.113.7" },
        { Binary(0x21, 0x21, [.. Address("2001:db8::7"), .. Address("2001:db8::1"), 1, 2, 3, 4]), "2001:db8::7" },
        { Binary(0x20, 0x00, []), null },
        { Binary(0x20, 0x11, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), null },
        { Binary(0x21, 0x00, [1, 2, 3]), null },
        { Binary(0x21, 0x31, new byte[216]), null },
    };

    public static TheoryData<byte[]> Unsound =>
    [
        Latin("version\r\n"),
        Latin("GET / HTTP/1.1\r\n"),
        Latin("proxy TCP4 203.0.113.7 192.0.2.1 56324 22133\r\n"),
        Latin("PROXY TCP4 203.0.113.7\r\n"),
        Latin("PROXY TCP4 nowhere 192.0.2.1 56324 22133\r\n"),
        Latin("PROXY TCP5 203.0.113.7 192.0.2.1 56324 22133\r\n"),
        Latin("PROXY " + new string('x', 200)),
        Binary(0x11, 0x11, new byte[12]),
        Binary(0x22, 0x11, new byte[12]),
        Binary(0x21, 0x11, new byte[11]),
        Binary(0x21, 0x11, new byte[5_000]),
    ];

    /// <remarks>Every prefix needs more, and what follows is left alone.</remarks>
    [Theory]
    [MemberData(nameof(Sound))]
    public void A_header_is_read_however_it_is_cut(byte[] header, string? expected)
    {
        for (var length = 0; length < header.Length; length++)
        {
            var part = new ReadOnlySequence<byte>(header, 0, length);
            Assert.Equal(ProxyHeaderStatus.NeedsMore, ProxyHeader.TryRead(ref part, out _));
            Assert.Equal(length, part.Length);
        }

        var whole = new ReadOnlySequence<byte>([.. header, .. "get q\r\n"u8]);
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeader.TryRead(ref whole, out var source));
        Assert.Equal(expected, source?.ToString());
        Assert.Equal("get q\r\n", Encoding.Latin1.GetString(whole));
    }

    [Theory]
    [MemberData(nameof(Unsound))]
    public void Anything_else_is_none(byte[] bytes)
    {
        var input = new ReadOnlySequence<byte>(bytes);

        Assert.Equal(ProxyHeaderStatus.Invalid, ProxyHeader.TryRead(ref input, out var source));
        Assert.Null(source);
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Address(string text) => IPAddress.Parse(text).GetAddressBytes();

    private static byte[] Binary(byte command, byte family, byte[] body)
        => [.. Signature, command, family, (byte)(body.Length >> 8), (byte)body.Length, .. body];
}
