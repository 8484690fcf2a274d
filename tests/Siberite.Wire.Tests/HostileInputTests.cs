using System.Globalization;
using System.Text;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>Input that is too much, or too vague, for a transcript.</summary>
public sealed class HostileInputTests(Servers servers)
{
    private static readonly CancellationToken Never = CancellationToken.None;

    /// <summary>Keys that no memcache client should send, and some do.</summary>
    private static readonly string[] HostileKeys =
    [
        ".", "..", "../x", "a/b", "a/../../b", "/", "//", "/etc/passwd", "a\0b", "\0", "a\tb", "\x1b[2J", "\x7f", "~",
        "a~", "+", "a+", "+a", "a++b", "a.b.c", ".a", "\xe2\x80\xae", "\xc3\xa9", "\xff\xfe", "a\rb", "\r",
        new('x', 201), new('x', 250), new('x', 251), new('+', 99), "a/open/abort", "a/t=", "a/t=-", "a/t=x",
    ];

    public static TheoryData<string> Lines
    {
        get
        {
            var lines = new TheoryData<string>();
            foreach (var key in HostileKeys)
            {
                lines.Add($"set {key} 0 0 1\r\nx\r\n");
                lines.Add($"get {key}\r\n");
                lines.Add($"get a {key}\r\n");
            }

            lines.Add("set a. 0 0 1\r\nx\r\n"); // To readers it is the queue itself.
            foreach (var length in new[] { "-1", "-3", "+5", "0x10", "1e3", "5.", " ", "x", "18446744073709551616" })
            {
                lines.Add($"set hostile 0 0 {length}\r\n");
            }

            return lines;
        }
    }

    /// <remarks>Which error it is, the transcripts say. Here: there is one, and nobody else noticed.</remarks>
    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_hostile_line_gets_an_error_or_a_close_and_no_item(string line)
    {
        using var lease = await servers.RentAsync([], alone: false);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);
        await using var other = await WireClient.ConnectAsync(lease.EndPoint, Never);

        client.Write(line[..^2]);
        await client.SendAsync(Never);
        var reply = await client.ReadLineAsync(Never);

        Assert.StartsWith("CLIENT_ERROR ", reply, StringComparison.Ordinal);
        Assert.StartsWith("VERSION ", await other.AskAsync("version", Never), StringComparison.Ordinal);
        Assert.Equal("END", await other.AskAsync("stats hostile", Never));
    }

    /// <remarks>The meta commands may come or not; their data must never run as a command.</remarks>
    [Theory]
    [InlineData("ms k 5", "hello")]
    [InlineData("ms k 7", "version")]
    [InlineData("ms k 9 T0 F5", "flush_all")]
    [InlineData("MS k 0", "")]
    public async Task A_meta_set_stays_in_step_whatever_it_is_answered(string line, string data)
    {
        using var lease = await servers.RentAsync([], alone: false);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);

        client.Write(line);
        client.Write(data);
        client.Write("stats settings");
        await client.SendAsync(Never);

        Assert.Matches("^(ERROR|HD)$", await client.ReadLineAsync(Never));
        Assert.Equal("END", await client.ReadLineAsync(Never));
    }

    [Fact]
    public async Task Ten_thousand_commands_in_one_segment_get_ten_thousand_replies_in_order()
    {
        const int Count = 10_000;
        using var lease = await servers.RentAsync([], alone: false);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);
        for (var i = 0; i < Count; i++)
        {
            client.WriteSet("pipelined", (uint)i, Encoding.ASCII.GetBytes($"{i}"));
            client.Write("get pipelined");
        }

        // Replies are read while the commands go out: a client that does not read is another test.
        var sending = client.SendAsync(Never);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal("STORED", await client.ReadLineAsync(Never));
            var reply = await client.ReadItemAsync(Never);
            Assert.Equal((uint)i, reply.Item!.Flags);
            Assert.Equal($"{i}", Encoding.ASCII.GetString(reply.Item.Payload));
        }

        await sending;
        Assert.StartsWith("VERSION ", await client.AskAsync("version", Never), StringComparison.Ordinal);
    }

    /// <remarks>
    /// The Ruby clients cut <c>queue_NAME_KEY</c> lazily at the keys they know, so a key of ours that ends in one of
    /// theirs would invent a queue.
    /// </remarks>
    [Fact]
    public async Task No_key_of_stats_makes_a_client_see_a_queue_that_does_not_exist()
    {
        string[] known =
        [
            "items", "bytes", "logsize", "age", "discarded", "waiters", "open_transactions",
        ];
        using var lease = await servers.RentAsync([], alone: false);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);
        Assert.Equal("STORED", await client.SetAsync("suffix", 0, "x"u8.ToArray(), Never));

        client.Write("stats suffix");
        await client.SendAsync(Never);
        for (var line = await client.ReadLineAsync(Never); line != "END"; line = await client.ReadLineAsync(Never))
        {
            var words = line.Split(' ');
            Assert.Equal(3, words.Length);
            Assert.StartsWith("queue_suffix_", words[1], StringComparison.Ordinal);
            var key = words[1]["queue_suffix_".Length..];
            Assert.DoesNotContain(known, name => key.EndsWith($"_{name}", StringComparison.Ordinal));
            Assert.True(long.TryParse(words[2], out _), line);
        }
    }

    /// <remarks>
    /// Method: one client fills most of the budget with an item that it does not finish; another one's item then does
    /// not fit. It is sent in two halves, so that the first is surely half an item.
    /// </remarks>
    [Fact]
    public async Task Half_received_items_beyond_the_budget_are_refused_and_swallowed()
    {
        using var lease = await servers.RentAsync(
            ["--Siberite:Gateway:MaxInFlightBytes=1572864", "--Siberite:Gateway:MaxItemBytes=1048576"], alone: true);
        await using var idler = await WireClient.ConnectAsync(lease.EndPoint, Never);
        await using var client = await WireClient.ConnectAsync(lease.EndPoint, Never);
        idler.Write($"set large 0 0 {1 << 20}\r\n{new string('x', 900_000)}");
        await idler.SendAsync(Never);
        await Poll.UntilAsync(
            async () => await ReadReceivedBytesAsync(client) > 900_000, "the first item's bytes", Poll.Patience);

        client.Write($"set large 0 0 {1 << 20}\r\n{new string('y', 1 << 19)}");
        await client.SendAsync(Never);
        client.Write(new string('y', (1 << 19) - 2));
        await client.SendAsync(Never);

        Assert.Equal("SERVER_ERROR out of memory", await client.ReadLineAsync(Never));
        Assert.StartsWith("VERSION ", await client.AskAsync("version", Never), StringComparison.Ordinal);
        Assert.Equal("STORED", await client.SetAsync("large", 0, new byte[1_000], Never));
        Assert.Equal(1_000, (await client.GetAsync("large", Never)).Item!.Payload.Length);
    }

    private static async Task<long> ReadReceivedBytesAsync(WireClient client)
    {
        var received = 0L;
        client.Write("stats silo");
        await client.SendAsync(Never);
        for (var line = await client.ReadLineAsync(Never); line != "END"; line = await client.ReadLineAsync(Never))
        {
            received = line.StartsWith("STAT bytes_read ", StringComparison.Ordinal)
                ? long.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture)
                : received;
        }

        return received;
    }
}
