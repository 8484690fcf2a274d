using System.Globalization;
using Siberite.Testing;

namespace Siberite.Crash.Tests.Fake;

/// <summary>One connection to the fake server: reads commands, writes replies, keeps what it has open.</summary>
internal sealed class FakeSession(PairedStream stream, FakeEngine engine, Strikes strikes) : IAsyncDisposable
{
    private readonly WireClient _wire = new(stream);
    private readonly Dictionary<string, FakeItem> _open = [];
    private readonly List<FakeItem> _closed = [];

    /// <summary>What it holds. Only to be asked when it is dead.</summary>
    public IEnumerable<FakeItem> Open
    {
        get
        {
            lock (_open)
            {
                return [.. _open.Values];
            }
        }
    }

    public async Task ServeAsync()
    {
        try
        {
            while (await ServeCommandAsync(await _wire.ReadLineAsync(CancellationToken.None)))
            {
            }
        }
        catch (IOException)
        {
            // The client or the whole server is gone.
        }

        foreach (var item in Open.Concat(strikes.Hits(Mutation.ClosedReturnsWithSession) ? _closed : []))
        {
            engine.Return(item);
        }

        await DisposeAsync();
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    public void Cut() => stream.Cut();

    /// <returns>Whether to go on.</returns>
    private async Task<bool> ServeCommandAsync(string line)
    {
        var words = line.Split(' ');
        switch (words[0])
        {
            case "set":
                var sizeBytes = int.Parse(words[4], CultureInfo.InvariantCulture);
                var payload = await _wire.ReadBytesAsync(sizeBytes, CancellationToken.None);
                await _wire.ReadLineAsync(CancellationToken.None);
                var flags = uint.Parse(words[2], CultureInfo.InvariantCulture);
                _wire.Write(engine.Set(words[1].Split('+'), flags, payload));
                break;
            case "get":
                await GetAsync(words[1].Split('/'));
                break;
            default:
                return false;
        }

        await _wire.SendAsync(CancellationToken.None);
        return true;
    }

    private async Task GetAsync(string[] words)
    {
        var queue = words[0];
        if (words.Contains("abort"))
        {
            Finish(queue, engine.Abort);
        }

        if (words.Contains("close") && !strikes.Hits(Mutation.DropClose))
        {
            Finish(queue, Close);
        }

        var isPlain = words.Length == 1 || (words.Length == 2 && words[1].StartsWith("t=", StringComparison.Ordinal));
        if (!isPlain && !words.Contains("open"))
        {
            _wire.Write("END");
            return;
        }

        var wait = words.FirstOrDefault(static word => word.StartsWith("t=", StringComparison.Ordinal), "t=0")[2..];
        var span = TimeSpan.FromMilliseconds(int.Parse(wait, CultureInfo.InvariantCulture));
        var item = await engine.ReadAsync(queue, span, isPlain);
        if (item is not null)
        {
            await SendAsync(queue, item, isPlain);
            if (words.Contains("close") && strikes.Hits(Mutation.ChainClosesNext))
            {
                Finish(queue, Close);
            }
        }
        else
        {
            _wire.Write("END");
        }
    }

    private async Task SendAsync(string queue, FakeItem item, bool isPlain)
    {
        if (!isPlain)
        {
            lock (_open)
            {
                _open[queue] = item;
            }
        }

        var payload = engine.PayloadOf(item);
        var flags = strikes.Hits(Mutation.LoseFlags) ? 0 : item.Flags;
        _wire.Write($"VALUE {queue} {flags} {payload.Length}");
        _wire.Write(payload);
        _wire.Write("\r\nEND\r\n"u8);
        if (isPlain)
        {
            await _wire.SendAsync(CancellationToken.None);
            engine.Taken(item);
        }
    }

    private void Close(FakeItem item)
    {
        engine.Close(item);
        _closed.Add(item);
    }

    private void Finish(string queue, Action<FakeItem> finish)
    {
        FakeItem? item;
        lock (_open)
        {
            if (!_open.Remove(queue, out item))
            {
                return;
            }
        }

        finish(item);
    }
}
