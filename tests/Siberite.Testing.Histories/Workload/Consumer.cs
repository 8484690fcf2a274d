namespace Siberite.Testing.Histories.Workload;

/// <summary>Reads items in every way there is: plainly, reliably, chained, waiting; closes most, gives some back, and
/// at times goes away with what it holds.</summary>
internal sealed class Consumer(int number, Ledger ledger, WorkloadPlan plan, Random random)
{
    private const int MaxHeld = 2;
    private const double SecondReadShare = 0.1;
    private const double ChainShare = 0.5;
    private const double LeaveAloneShare = 0.9;

    private readonly string[] _queues = [.. plan.Queues];
    private readonly Dictionary<string, ItemId> _held = [];
    private bool _lastWasEmpty;

    public async Task RunAsync(Gate gate, CancellationToken stop, CancellationToken giveUp)
    {
        using var pause = new PeriodicTimer(plan.RefusalPause);
        while (!stop.IsCancellationRequested)
        {
            await using var session = await Sessions.BeginAsync(ledger, gate, $"consumer {number}", stop);
            if (session is null)
            {
                return;
            }

            _held.Clear();
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    if (!await StepAsync(session, giveUp))
                    {
                        break;
                    }

                    if (session.WasRefused)
                    {
                        await pause.WaitForNextTickAsync(giveUp);
                    }
                }

                await LeaveAsync(session, stop.IsCancellationRequested, giveUp);
            }
            catch (Exception e) when (Sessions.IsBroken(e))
            {
                session.Lose(e);
            }
        }
    }

    /// <returns>Whether to stay.</returns>
    private async Task<bool> StepAsync(LoggedSession session, CancellationToken giveUp)
    {
        if (_held.Count == 0 || (_held.Count < MaxHeld && random.NextDouble() < SecondReadShare))
        {
            await ReadAsync(session, giveUp);
            return true;
        }

        var (queue, item) = _held.ElementAt(random.Next(_held.Count));
        var choice = random.NextDouble();
        if (choice < plan.DropShare)
        {
            return false;
        }

        _held.Remove(queue);
        if (choice < plan.DropShare + plan.AbortShare)
        {
            await session.AbortAsync(queue, item, giveUp);
        }
        else if (random.NextDouble() < ChainShare && !(queue == _queues[0] && IsShallow()))
        {
            Keep(queue, await session.CloseAndOpenAsync(queue, item, NextWait(), giveUp));
        }
        else
        {
            await session.CloseAsync(queue, item, giveUp);
        }

        return true;
    }

    private async Task ReadAsync(LoggedSession session, CancellationToken giveUp)
    {
        var free = _queues.Where(queue => !_held.ContainsKey(queue)).ToArray();
        var queue = free[random.Next(free.Length)];
        if (queue == _queues[0] && free.Length > 1 && random.NextDouble() < LeaveAloneShare && IsShallow())
        {
            queue = free[^1];
        }

        if (random.NextDouble() < plan.PlainShare && plan.MayTakePlainly(queue))
        {
            _lastWasEmpty = !await session.TakeAsync(queue, NextWait(), giveUp);
        }
        else
        {
            Keep(queue, await session.OpenAsync(queue, NextWait(), giveUp));
        }
    }

    private bool IsShallow()
    {
        var (stored, finished) = ledger.Progress;
        return stored - finished < plan.DeepBacklog;
    }

    private void Keep(string queue, ItemId? item)
    {
        _lastWasEmpty = item is null;
        if (item is { } held)
        {
            _held[queue] = held;
        }
    }

    /// <summary>At the end politely, so that the queues are whole for the drain; otherwise either way.</summary>
    private async Task LeaveAsync(LoggedSession session, bool isTheEnd, CancellationToken giveUp)
    {
        if (isTheEnd)
        {
            foreach (var (queue, item) in _held)
            {
                await session.CloseAsync(queue, item, giveUp);
            }
        }

        if (isTheEnd || random.Next(2) == 0)
        {
            await session.QuitAsync(giveUp);
        }
        else
        {
            session.Drop();
        }
    }

    private TimeSpan NextWait() => _lastWasEmpty || random.NextDouble() < plan.WaitShare
        ? TimeSpan.FromMilliseconds(random.Next(1, plan.MaxWaitMilliseconds + 1))
        : TimeSpan.Zero;
}
