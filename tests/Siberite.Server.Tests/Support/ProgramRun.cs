using Siberite.Testing;

namespace Siberite.Server.Tests.Support;

/// <summary>What the program printed and returned, for runs that end by themselves.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The lines on the error stream.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task<ProgramRun> StartAsync(params string[] arguments)
        => StartAsync(new Dictionary<string, string>(), arguments);

    public static async Task<ProgramRun> StartAsync(
        IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var run = await ToolRun.RunAsync(environment, "dotnet", [Repository.ServerAssembly, .. arguments]);
        return new ProgramRun(run.ExitCode, run.Output, run.Errors);
    }
}
