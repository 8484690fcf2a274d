using System.Diagnostics;

namespace Siberite.Benchmarks.Peers;

/// <summary>A closed loop over a peer that pushes items to its consumers: so many items are under way, and one that was
/// acknowledged lets the next one be published.</summary>
internal sealed class ItemCycle(PeerLoad load) : IDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _free = new(load.Connections * load.Pipeline);
    private readonly byte[] _payload = new byte[load.SizeBytes];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _failed = new();
    private Exception? _failure;
    private long _consumed;

    /// <returns>Items a second that went in and out and were acknowledged.</returns>
    public async Task<double> RunAsync(PeerOpener open)
    {
        var connections = new List<IPeerConnection>();
        try
        {
            while (connections.Count < load.Connections)
            {
                connections.Add(await open(connections.Count, OnConsumed));
            }

            var pumps = connections.ConvertAll(PumpAsync);
            await Task.Delay(load.WarmUp, _failed.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            var (before, started) = (Interlocked.Read(ref _consumed), Stopwatch.GetTimestamp());
            await Task.Delay(load.Duration, _failed.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            var (after, elapsed) = (Interlocked.Read(ref _consumed), Stopwatch.GetElapsedTime(started));
            await _stopping.CancelAsync();
            await Task.WhenAll(pumps);
            await DrainAsync();
            return _failure is null
                ? (after - before) / elapsed.TotalSeconds
                : throw new InvalidOperationException($"The peer refused an item: {_failure.Message}", _failure);
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }
    }

    public void Dispose()
    {
        _free.Dispose();
        _stopping.Dispose();
        _failed.Dispose();
    }

    private void OnConsumed()
    {
        Interlocked.Increment(ref _consumed);
        _free.Release();
    }

    private async Task PumpAsync(IPeerConnection connection)
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(_stopping.Token);
                _ = PublishAsync(connection);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }

    private async Task PublishAsync(IPeerConnection connection)
    {
        try
        {
            await connection.PublishAsync(_payload);
        }
#pragma warning disable CA1031 // Whatever the client throws is why there is no figure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure ??= e;
            await _failed.CancelAsync();
            await _stopping.CancelAsync();
        }
    }

    /// <summary>So that the next load finds empty queues.</summary>
    private async Task DrainAsync()
    {
        using var limit = new CancellationTokenSource(DrainTime);
        try
        {
            for (var count = 0; count < load.Connections * load.Pipeline && _failure is null; count++)
            {
                await _free.WaitAsync(limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("Items that were published have not come back.");
        }
    }
}

/// <summary>How much at once, and for how long.</summary>
internal sealed record PeerLoad(
    int Port, int Connections, int Pipeline, int SizeBytes, TimeSpan WarmUp, TimeSpan Duration)
{
    /// <summary>Queues that the connections share, as in the loads of the other peers.</summary>
    public const int Queues = 10;
}
