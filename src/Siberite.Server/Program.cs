using Siberite.Server;
using Siberite.Server.Hosting;
using Siberite.Server.Settings;

ProcessTuning.Apply();
try
{
    var commandLine = CommandLine.Parse(args);
    if (commandLine.ShowsHelp || commandLine.ShowsVersion)
    {
        Console.WriteLine(commandLine.ShowsHelp ? CommandLine.Help : $"siberite {SiloProcess.Version}");
        return ExitCodes.Stopped;
    }

    var sources = SiloSettings.ReadSources(commandLine);
    return await SiloProcess.RunAsync(SiloSettings.Read(sources), sources, commandLine);
}
catch (StartException e)
{
    await Console.Error.WriteLineAsync($"siberite: {LineFormatter.OnOneLine(e.Message)}");
    return e.ExitCode;
}
