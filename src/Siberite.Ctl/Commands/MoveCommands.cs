using System.CommandLine;
using Siberite.Ctl.Admin;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl queue move</c> and <c>siberitectl silo drain</c>: begun through any silo, and watched to
/// their end.</summary>
internal static class MoveCommands
{
    /// <summary>Time between looks at what goes on.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    private static readonly Argument<string> Queue = new("queue") { Description = "the queue" };

    private static readonly Argument<string> Silo = new("silo") { Description = "the silo's name, or its store id" };

    private static readonly Option<string> To = new("--to")
    {
        Description = "the silo it goes to: its name, or its store id",
        HelpName = "silo",
        Required = true,
    };

    private static readonly Option<bool> Stop = new("--stop")
    {
        Description = "let the silo keep what it still has, and take part again",
    };

    public static Command CreateMove(Option<string> admin)
    {
        var move = new Command("move", "move a queue to another silo, with all its items") { Queue, To, admin };
        move.SetAction((line, cancellation) => MoveAsync(
            line.GetValue(admin)!, line.GetValue(Queue)!, line.GetValue(To)!, cancellation));
        return move;
    }

    public static Command CreateDrain(Option<string> admin)
    {
        var drain = new Command("drain", "give all a silo has to the others, before it is retired")
        {
            Silo, Stop, admin,
        };
        drain.SetAction((line, cancellation) => line.GetValue(Stop)
            ? StopAsync(line.GetValue(admin)!, line.GetValue(Silo)!, cancellation)
            : DrainAsync(line.GetValue(admin)!, line.GetValue(Silo)!, cancellation));
        return drain;
    }

    private static async Task<int> MoveAsync(string address, string queue, string silo, CancellationToken cancellation)
    {
        using var admin = AdminClient.Create(address);
        var move = await admin.BeginMoveAsync(queue, silo, cancellation);
        await Screen.WatchAsync($"Moving {queue} from {move.From} to {move.To}", async () =>
        {
            await Task.Delay(LookInterval, cancellation);
            move = await ReadAsync(admin, queue, move, cancellation);
            return new Progress(move.Sent, move.Sent + move.Left, IsOver: move.Step is "Done" or "Failed");
        });
        if (move.Step == "Failed")
        {
            throw new CtlException(ExitCodes.Failed, $"{queue} was not moved: {move.Trouble}");
        }

        Screen.Say($"{queue} is on {move.To} now; {move.Sent} items were sent");
        return ExitCodes.Done;
    }

    private static async Task<MoveAnswer> ReadAsync(
        AdminClient admin, string queue, MoveAnswer move, CancellationToken cancellation)
    {
        try
        {
            return await admin.ReadMoveAsync(queue, move.Move, cancellation);
        }
        catch (CtlException e) when (e.ExitCode == ExitCodes.Missing)
        {
            throw new CtlException(
                ExitCodes.Failed,
                $"{move.From} was stopped before {queue} was handed over, and has it still; move it again", e);
        }
    }

    private static async Task<int> DrainAsync(string address, string silo, CancellationToken cancellation)
    {
        using var admin = AdminClient.Create(address);
        var drain = await admin.BeginDrainAsync(silo, mustStop: false, cancellation);
        await Screen.WatchAsync($"Draining {drain.Silo}", async () =>
        {
            await Task.Delay(LookInterval, cancellation);
            drain = await admin.ReadDrainAsync(silo, cancellation);
            if (!drain.IsDraining)
            {
                throw new CtlException(
                    ExitCodes.Failed, $"{drain.Silo} was told to stay, and keeps its {drain.QueuesLeft} queues");
            }

            return new Progress(drain.Moved, drain.Moved + drain.QueuesLeft, drain.IsEmpty);
        });
        Screen.Say($"{drain.Silo} is empty and may be stopped; {drain.Moved} queues were given away");
        return ExitCodes.Done;
    }

    private static async Task<int> StopAsync(string address, string silo, CancellationToken cancellation)
    {
        using var admin = AdminClient.Create(address);
        var drain = await admin.BeginDrainAsync(silo, mustStop: true, cancellation);
        Screen.Say($"{drain.Silo} keeps its {drain.QueuesLeft} queues");
        return ExitCodes.Done;
    }
}
