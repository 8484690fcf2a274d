using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Siberite.Testing.Clusters;

/// <summary>A process that runs until it is told to stop, with what it printed.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ChildProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static ChildProcess Start(string program, params string[] arguments) => Start([program, .. arguments]);

    /// <param name="all">The program, or what becomes the program, and all arguments.</param>
    public static ChildProcess Start(string[] all)
    {
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Sends a signal by its name without <c>SIG</c>.</summary>
    public async Task SignalAsync(string name)
        => (await ToolRun.RunAsync("kill", $"-{name}", Id.ToString(CultureInfo.InvariantCulture)))
            .MustSucceed($"kill -{name} {Id}");

    /// <summary>Sends a signal and waits a minute for the end.</summary>
    public async Task<int> EndAsync(string signal)
    {
        if (!HasExited)
        {
            await SignalAsync(signal);
        }

        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
