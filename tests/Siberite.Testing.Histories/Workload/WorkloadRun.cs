namespace Siberite.Testing.Histories.Workload;

/// <summary>All clients of one run, from start to a full drain.</summary>
internal sealed class WorkloadRun(Ledger ledger, Gate gate, WorkloadPlan plan, int seed) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopProducers = new();
    private readonly CancellationTokenSource _stopConsumers = new();
    private readonly CancellationTokenSource _giveUp = new();
    private Task _producers = Task.CompletedTask;
    private Task _consumers = Task.CompletedTask;

    /// <summary>Completes when every producer has sent its share.</summary>
    public Task Producers => _producers;

    public void Start()
    {
        var producers = Enumerable.Range(1, plan.Producers).Select(number =>
            new Producer(number, ledger, plan, new Random(seed + number))
                .RunAsync(gate, _stopProducers.Token, _giveUp.Token));
        var consumers = Enumerable.Range(1, plan.Consumers).Select(number =>
            new Consumer(number, ledger, plan, new Random(seed - number))
                .RunAsync(gate, _stopConsumers.Token, _giveUp.Token));
        _producers = Task.WhenAll([.. producers]);
        _consumers = Task.WhenAll([.. consumers]);
    }

    /// <summary>Lets every client finish what it is doing. A client that cannot within a minute has found a server that
    /// hangs.</summary>
    public async Task StopAsync()
    {
        _giveUp.CancelAfter(Patience);
        try
        {
            await _stopProducers.CancelAsync();
            await _producers;
            await _stopConsumers.CancelAsync();
            await _consumers;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException("No answer in a minute. " + ledger.DescribePending(), e);
        }
    }

    /// <summary>Reads every queue to its end.</summary>
    /// <param name="wait">How long an empty queue is waited for: whoever left last may still be giving back.</param>
    public async Task DrainAsync(TimeSpan wait)
    {
        _giveUp.CancelAfter(Patience);
        await using var session = await Sessions.BeginAsync(ledger, gate, "drain", _giveUp.Token)
            ?? throw new TimeoutException("No server to drain.");
        try
        {
            foreach (var queue in plan.Queues)
            {
                var held = await session.OpenAsync(queue, wait, _giveUp.Token);
                while (held is { } item)
                {
                    held = await session.CloseAndOpenAsync(queue, item, wait, _giveUp.Token);
                }

                if (session.WasRefused)
                {
                    throw new IOException($"{queue} cannot be drained: it is not served.");
                }
            }

            await session.QuitAsync(_giveUp.Token);
        }
        catch (Exception e) when (Sessions.IsBroken(e))
        {
            session.Lose(e);
            throw;
        }
    }

    /// <summary>Ends all clients at once, wherever they are: the run has failed.</summary>
    public void Abandon()
    {
        _stopProducers.Cancel();
        _stopConsumers.Cancel();
        _giveUp.Cancel();
    }

    public void Dispose()
    {
        _stopProducers.Dispose();
        _stopConsumers.Dispose();
        _giveUp.Dispose();
    }
}
