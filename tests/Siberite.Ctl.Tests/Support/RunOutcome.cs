using Siberite.Testing;

namespace Siberite.Ctl.Tests.Support;

/// <summary>What is expected of a run.</summary>
internal static class RunOutcome
{
    /// <summary>It did what it was told to.</summary>
    /// <returns>What it printed.</returns>
    public static string MustPrint(this ToolRun run)
    {
        Assert.True(run.ExitCode == 0, $"it returned {run.ExitCode}: {run.Output}{run.Errors}");
        return run.Output;
    }
}
