using System.Diagnostics;
using System.Text;
using Siberite.Testing;

namespace Siberite.Clients.Tests;

/// <summary>A program that somebody else wrote, run to its end.</summary>
internal static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>A folder of this project.</summary>
    public static string Folder(string name)
        => Path.Combine(Repository.Root, "tests", "Siberite.Clients.Tests", name);

    /// <summary>The first of some names that is a program on the path; without it the test fails, saying what to
    /// install.</summary>
    public static string Find(string package, params string[] names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        var found =
            from name in names
            from folder in folders
            let path = Path.Combine(folder, name)
            where File.Exists(path)
            select path;
        return found.FirstOrDefault()
            ?? throw new FileNotFoundException($"{string.Join(" or ", names)} is missing: apt install {package}");
    }

    /// <summary>Runs a program and returns what it printed; fails with all of it unless it exits with 0.</summary>
    public static Task<string> RunAsync(string program, params string[] arguments)
        => RunAsync(program, Path.GetTempPath(), input: [], arguments);

    /// <summary>Runs a program in a folder, with something to read.</summary>
    public static async Task<string> RunAsync(string program, string folder, byte[] input, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        using var limit = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.StandardInput.BaseStream.WriteAsync(input, limit.Token);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(
            process.ExitCode == 0,
            $"{program} {string.Join(' ', arguments)} exited with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }
}
