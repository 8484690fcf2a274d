using System.Text;
using Siberite.Testing;

namespace Siberite.Clients.Tests;

/// <summary>A file of text goes through a queue line by line, and comes out as it was.</summary>
[Trait("Category", "Slow")]
public sealed class RealInputTests(RunningServer server) : IDisposable
{
    private const int LineCount = 100_000;
    private const int Consumers = 4;
    private const int Window = 256; // Sets under way at a time.
    private const uint LastItem = 1; // The flags of an item that tells a consumer to stop.

    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("siberite-input-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <remarks>
    /// Goal: whatever the lines are, four consumers get every line once, each in order, and not a byte differs.
    /// Method: each item is its line's number and the line; what the consumers got is put in order and compared with
    /// the file.
    /// </remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_goes_through_a_queue_line_by_line_and_is_the_same_afterwards(bool withReplies)
    {
        var queue = $"input-{withReplies}";
        var file = Path.Combine(_folder, "input.txt");
        WriteText(file, seed: 7);
        var text = await File.ReadAllBytesAsync(file, Never);
        var lines = Split(text);
        Assert.Equal(LineCount, lines.Count);

        var consuming = Task.WhenAll(Enumerable.Range(0, Consumers).Select(_ => Task.Run(() => ConsumeAsync(queue))));
        await ProduceAsync(queue, lines, withReplies);
        var taken = await consuming;

        Assert.All(taken, mine => Assert.Equal(mine.Order(), mine));
        var all = taken.SelectMany(mine => mine).Order().ToArray();
        Assert.Equal(Enumerable.Range(0, LineCount), all.Select(line => line.Number));
        Assert.True(text.AsSpan().SequenceEqual(Join(all)), "The text differs.");
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Never);
        Assert.Equal("END", await client.AskAsync($"get {queue}", Never));
    }

    private async Task ProduceAsync(string queue, List<byte[]> lines, bool withReplies)
    {
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Never);
        var owed = 0;
        for (var number = 0; number < lines.Count; number++)
        {
            byte[] item = [.. BitConverter.GetBytes(number), .. lines[number]];
            if (withReplies)
            {
                client.WriteSet(queue, flags: 0, item);
                owed++;
            }
            else
            {
                client.Write($"set {queue} 0 0 {item.Length} noreply");
                client.Write(Encoding.Latin1.GetString(item));
            }

            if (number % Window == Window - 1)
            {
                await client.SendAsync(Never);
            }

            for (; owed == 2 * Window; owed -= Window)
            {
                await ReadStoredAsync(client, Window);
            }
        }

        for (var i = 0; i < Consumers; i++, owed++)
        {
            client.WriteSet(queue, LastItem, []);
        }

        await client.SendAsync(Never);
        await ReadStoredAsync(client, owed);
    }

    private static async Task ReadStoredAsync(WireClient client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Equal("STORED", await client.ReadLineAsync(Never));
        }
    }

    /// <returns>Lines in the order they came.</returns>
    private async Task<List<Line>> ConsumeAsync(string queue)
    {
        await using var client = await WireClient.ConnectAsync(server.EndPoint, Never);
        var lines = new List<Line>();
        while (true)
        {
            var reply = await client.GetAsync($"{queue}/close/open/t=60000", Never);
            Assert.NotNull(reply.Item);
            if (reply.Item.Flags == LastItem)
            {
                Assert.Equal("END", await client.AskAsync($"get {queue}/close", Never));
                return lines;
            }

            var payload = reply.Item.Payload;
            lines.Add(new Line(BitConverter.ToInt32(payload), payload[sizeof(int)..]));
        }
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> text)
    {
        var lines = new List<byte[]>();
        foreach (var range in text.Split((byte)'\n'))
        {
            lines.Add(text[range].ToArray());
        }

        return lines;
    }

    private static byte[] Join(IEnumerable<Line> lines)
    {
        using var text = new MemoryStream();
        foreach (var line in lines)
        {
            text.Write(line.Number == 0 ? [] : "\n"u8);
            text.Write(line.Text);
        }

        return text.ToArray();
    }

    /// <summary>Writes text that has a little of everything, the same for the same seed.</summary>
    private static void WriteText(string file, int seed)
    {
        string[] words =
        [
            "set", "get", "work 0 0 5", "END", "STORED", "naïve", "очередь", "队列", "🐘", "\r", "\0", "\t", "a", "of",
            "durable", "queue", "VALUE", "\"quoted\"", "\\", "delete", "flush_all", "quit", "1234567890", "…",
        ];
        var random = new Random(seed);
        var encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        using var writer = new StreamWriter(file, append: false, encoding);
        for (var number = 0; number < LineCount; number++)
        {
            // Every tenth line is empty, every two thousandth up to 64 KiB long.
            var length = number % 10 == 3 ? 0 : number % 2_000 == 17 ? random.Next(65_500) : random.Next(160);
            var line = new StringBuilder();
            while (line.Length < length)
            {
                line.Append(words[random.Next(words.Length)]).Append(' ');
            }

            writer.Write(number == 0 ? "" : "\n");
            writer.Write(line);
        }
    }

    /// <summary>A line as a consumer got it, in order of the lines' numbers.</summary>
    private sealed record Line(int Number, byte[] Text) : IComparable<Line>
    {
        public int CompareTo(Line? other) => Number.CompareTo(other?.Number);
    }
}
