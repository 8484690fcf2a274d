using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Siberite.Testing;

namespace Siberite.Wire.Tests;

/// <summary>A well-behaved client beside the ones that are not: it must be served, and rightly.</summary>
public sealed class Neighbour : IAsyncDisposable
{
    private static int _neighbours;

    private readonly string _queue = $"neighbour-{Interlocked.Increment(ref _neighbours)}";
    private readonly WireClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private long _rounds;

    private Neighbour(WireClient client)
    {
        _client = client;
        _work = Task.Run(WorkAsync);
    }

    /// <summary>How often it has set an item and got it back.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>The longest that one command has taken.</summary>
    public TimeSpan Slowest { get; private set; }

    /// <summary>Connects and sets to work.</summary>
    public static async Task<Neighbour> StartAsync(IPEndPoint endPoint)
        => new(await WireClient.ConnectAsync(endPoint, CancellationToken.None));

    /// <summary>Returns when it has been served once more from start to end; throws if it cannot be.</summary>
    public Task IsServedAsync()
    {
        var seen = Rounds;
        return Poll.UntilAsync(
            () => Task.FromResult(_work.IsFaulted || Rounds > seen + 1), "the neighbour to be served", Poll.Patience);
    }

    /// <summary>Stops, and throws whatever it found wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await _client.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var payload = _rounds.ToString(CultureInfo.InvariantCulture);
            var start = Stopwatch.GetTimestamp();
            var stored = await _client.SetAsync(_queue, 0, Encoding.ASCII.GetBytes(payload), CancellationToken.None);
            Note(start);
            Assert.Equal("STORED", stored);
            start = Stopwatch.GetTimestamp();
            var taken = await _client.GetAsync(_queue, CancellationToken.None);
            Note(start);
            Assert.Equal(payload, Encoding.ASCII.GetString(taken.Item!.Payload));
            Volatile.Write(ref _rounds, _rounds + 1);
        }
    }

    private void Note(long start)
    {
        var elapsed = Stopwatch.GetElapsedTime(start);
        Slowest = elapsed > Slowest ? elapsed : Slowest;
    }
}
