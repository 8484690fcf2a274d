using System.Diagnostics;

namespace Siberite.Testing;

/// <summary>What a program printed and returned that ends by itself.</summary>
public sealed record ToolRun(int ExitCode, string Output, string Errors)
{
    /// <summary>How long a program may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="TimeoutException">It takes two minutes; it is killed then.</exception>
    public static Task<ToolRun> RunAsync(string program, params string[] arguments)
        => RunAsync(new Dictionary<string, string>(), program, arguments);

    /// <summary>Runs a program to its end, with variables of its own.</summary>
    public static async Task<ToolRun> RunAsync(
        IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
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
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{program} {string.Join(' ', arguments)} runs on:\n{await output}{await errors}");
        }

        return new ToolRun(process.ExitCode, await output, await errors);
    }

    /// <summary>Runs <c>siberitectl</c> as built with these tests.</summary>
    public static Task<ToolRun> CtlAsync(params string[] arguments)
        => RunAsync("dotnet", [Repository.CtlAssembly, .. arguments]);

    /// <summary>This run, if it returned 0.</summary>
    /// <exception cref="InvalidOperationException">It did not.</exception>
    public ToolRun MustSucceed(string what)
        => ExitCode == 0 ? this : throw new InvalidOperationException($"{what} failed ({ExitCode}): {Output}{Errors}");
}
