using System.Diagnostics;
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
        var start = new ProcessStartInfo("dotnet", [Repository.ServerAssembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw new TimeoutException($"The program runs on:\n{await output}{await errors}");
        }

        return new ProgramRun(process.ExitCode, await output, await errors);
    }
}
