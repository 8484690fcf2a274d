namespace Siberite.Testing.Histories.Workload;

/// <summary>Sends items, several at a time, until it has sent its share or is stopped.</summary>
internal sealed class Producer(int number, Ledger ledger, WorkloadPlan plan, Random random)
{
    private int _sent;

    public async Task RunAsync(Gate gate, CancellationToken stop, CancellationToken giveUp)
    {
        while (!stop.IsCancellationRequested && _sent < plan.ItemsPerProducer)
        {
            await using var session = await Sessions.BeginAsync(ledger, gate, $"producer {number}", stop);
            if (session is null)
            {
                return;
            }

            try
            {
                await SendAsync(session, stop, giveUp);
                await session.QuitAsync(giveUp);
            }
            catch (Exception e) when (Sessions.IsBroken(e))
            {
                session.Lose(e);
            }
        }
    }

    private async Task SendAsync(LoggedSession session, CancellationToken stop, CancellationToken giveUp)
    {
        using var pace = new PeriodicTimer(plan.Pace > TimeSpan.Zero ? plan.Pace : TimeSpan.FromMilliseconds(1));
        while (!stop.IsCancellationRequested && _sent < plan.ItemsPerProducer)
        {
            var (stored, finished) = ledger.Progress;
            var isHeldUp = stored - finished >= plan.MaxBacklog;
            if (!isHeldUp)
            {
                var room = Math.Min(plan.Window - session.UnansweredCount, plan.ItemsPerProducer - _sent);
                for (var i = random.Next(1, room + 1); i > 0; i--)
                {
                    var target = plan.Targets[random.Next(plan.Targets.Count)];
                    session.WriteSet(target, new ItemId(number, ++_sent), plan.NextSize(random));
                }

                await session.SendAsync(giveUp);
            }

            if (session.UnansweredCount > 0)
            {
                await ReadAsync(session, random.Next(1, session.UnansweredCount + 1), giveUp);
            }

            if (isHeldUp || plan.Pace > TimeSpan.Zero)
            {
                await pace.WaitForNextTickAsync(giveUp);
            }
        }

        await ReadAsync(session, session.UnansweredCount, giveUp);
    }

    private static async Task ReadAsync(LoggedSession session, int count, CancellationToken giveUp)
    {
        for (var i = 0; i < count; i++)
        {
            await session.ReadStoredAsync(giveUp);
        }
    }
}
