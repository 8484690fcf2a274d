using System.CommandLine;
using Siberite.Ctl;
using Siberite.Ctl.Commands;

var queue = new Command("queue", "queues: what is in them, and what they are told");
QueueCommands.AddTo(queue, SiloCommands.AdminAddress);
SettingCommands.AddTo(queue, SiloCommands.AdminAddress);
ItemCommands.AddTo(queue, SiloCommands.AdminAddress);
queue.Add(MoveCommands.CreateMove(SiloCommands.AdminAddress));
var root = new RootCommand("siberitectl: the operator's tool of Siberite")
{
    ClusterCommands.Create(),
    SiloCommands.Create(),
    queue,
    CopyCommand.Create(),
    BenchCommand.Create(),
};

var line = root.Parse(args);
if (line.Errors.Count > 0)
{
    foreach (var error in line.Errors)
    {
        await Console.Error.WriteLineAsync($"siberitectl: {error.Message}");
    }

    return ExitCodes.Usage;
}

try
{
    return await line.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (CtlException e)
{
    Screen.Complain(e.Message);
    return e.ExitCode;
}
catch (OperationCanceledException)
{
    Screen.Complain("stopped");
    return ExitCodes.Failed;
}
