using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

// The steps that must succeed in the end, and what a crash left of them.
internal sealed partial class QueueMover
{
    private async Task FinishAsync(RunningMove move)
    {
        move.Step = MoveStep.Finishing;
        while (!await TryFinishAsync(move))
        {
            try
            {
                await Task.Delay(RetryDelay, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return; // The next run goes on.
            }
        }

        LogMoved(_log, move.Name.Value, move.Target, move.SentCount);
        move.Succeed();
        Remember(move);
        try
        {
            await TargetOf(move).EndAsync(move.Id);
        }
        catch (Exception e) when (GrainCallFailure.From(e, move.Name) is not null)
        {
            // The target asks by itself.
        }
    }

    private async Task<bool> TryFinishAsync(RunningMove move)
    {
        try
        {
            AfterStep?.Invoke(5);
            await TargetOf(move).AdoptAsync(move.Id);
            AfterStep?.Invoke(6);
            var directory = _grains.GetGrain<IQueueDirectoryGrain>(move.Name.Value);
            await directory.MoveAsync(move.Source, move.Target);
            AfterStep?.Invoke(7);
            _settings.Forget(move.Name);
            await _queues.Commits.WaitAsync(_queues.FinishDeparture(move.Id));
            AfterStep?.Invoke(8);
            return true;
        }
#pragma warning disable CA1031 // Nothing may end this but success, or the end of the silo.
        catch (Exception e)
#pragma warning restore CA1031
        {
            move.Delay(e.Message);
            LogWaiting(_log, move.Name.Value, move.Target, e);
            return false;
        }
    }

    private void ResumeLeftovers()
    {
        foreach (var left in _queues.Moves.Where(left => left.Stage == MoveStage.Departed))
        {
            var move = new RunningMove(
                left.Id, QueueName.Parse(left.Name), _queues.StoreId, left.Other, NowMilliseconds());
            _running[move.Id] = move;
            move.End = Task.Run(() => FinishAsync(move));
        }

        if (_queues.Moves.Any(left => left.Stage != MoveStage.Departed))
        {
            _ = Task.Run(AskAboutArrivalsAsync);
        }
    }
}
