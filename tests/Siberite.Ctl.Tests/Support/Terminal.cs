using Siberite.Testing;

namespace Siberite.Ctl.Tests.Support;

/// <summary>A terminal of tmux that runs <c>siberitectl</c> once, and stays when that has ended.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private readonly string _socket = $"siberite-{Guid.NewGuid():n}";

    private Terminal()
    {
    }

    /// <summary>Starts the tool with arguments that need no quotes.</summary>
    public static async Task<Terminal> StartAsync(string arguments)
    {
        var terminal = new Terminal();
        await terminal.TmuxAsync(
            "-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "30",
            $"dotnet {Repository.CtlAssembly} {arguments}; sleep 600");
        return terminal;
    }

    /// <summary>Looks at the screen until it shows what is wanted.</summary>
    /// <returns>What it shows then.</returns>
    public async Task<string> UntilAsync(Func<string, bool> condition)
    {
        var screen = "";
        try
        {
            await Poll.UntilAsync(
                async () =>
                {
                    screen = await TmuxAsync("capture-pane", "-p");
                    return condition(screen);
                },
                "the screen shows it", Poll.Patience * 2);
            return screen;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The screen shows:\n{screen}", e);
        }
    }

    /// <summary>Types a line.</summary>
    public Task TypeAsync(string line) => TmuxAsync("send-keys", line, "Enter");

    public async ValueTask DisposeAsync() => await ToolRun.RunAsync("tmux", "-L", _socket, "kill-server");

    private async Task<string> TmuxAsync(params string[] arguments)
        => (await ToolRun.RunAsync("tmux", ["-L", _socket, .. arguments])).MustSucceed("tmux").Output;
}
