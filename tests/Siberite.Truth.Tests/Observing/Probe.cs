using System.Diagnostics;
using Siberite.Testing.Histories;

namespace Siberite.Truth.Tests.Observing;

/// <summary>One look at a queue.</summary>
/// <param name="Invoke">Before it was asked.</param>
/// <param name="Return">After it was answered, or the answer was given up.</param>
/// <param name="Refusal">Why the queue was not served; <see langword="null"/> if it was.</param>
internal readonly record struct Look(long Invoke, long Return, string? Refusal)
{
    public bool IsServed => Refusal is null;
}

/// <summary>Looks at one queue again and again, as a client without a fault of its own: when was it not
/// served?</summary>
internal sealed class Probe(string queue, TruthCluster cluster, Ledger ledger)
{
    /// <summary>How long it waits for an answer, as common clients do.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly List<Look> _looks = [];
    private long _failedAt;

    public string Queue => queue;

    public Look[] Looks
    {
        get
        {
            lock (_gate)
            {
                return [.. _looks];
            }
        }
    }

    /// <summary>Whether the queue has been served, at every look, for so long and since a moment.</summary>
    public bool IsWell(long since, TimeSpan time)
    {
        lock (_gate)
        {
            return _looks.Count > 0 && _looks[^1].IsServed && _looks[^1].Invoke > since
                && Stopwatch.GetElapsedTime(Math.Max(since, _failedAt), _looks[^1].Return) > time;
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Interval);
        Client? client = null;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var invoke = ledger.Mark();
                string? refusal;
                try
                {
                    client ??= await cluster.ConnectImpatientlyAsync(stop);
                    refusal = await AskAsync(client, stop);
                }
                catch (IOException e)
                {
                    refusal = e.Message;
                    if (client is not null)
                    {
                        await client.DisposeAsync();
                        client = null;
                    }
                }

                Add(new Look(invoke, ledger.Mark(), refusal));
                await pace.WaitForNextTickAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough was seen.
        }
        finally
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }
        }
    }

    private async Task<string?> AskAsync(Client client, CancellationToken stop)
    {
        var reply = await client.Wire.GetAsync($"{queue}/peek", stop);
        return reply.IsDone ? null : reply.Line;
    }

    private void Add(Look look)
    {
        lock (_gate)
        {
            _looks.Add(look);
            _failedAt = look.IsServed ? _failedAt : look.Return;
        }
    }
}
