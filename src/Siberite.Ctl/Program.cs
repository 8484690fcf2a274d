using System.CommandLine;
using Siberite.Ctl;
using Siberite.Ctl.Commands;

var root = new RootCommand("siberitectl: the operator's tool of Siberite")
{
    ClusterCommands.Create(),
    SiloCommands.Create(),
    BenchCommand.Create(),
    new Command("queue", "one queue") { MoveCommands.CreateMove(SiloCommands.AdminAddress) },
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
