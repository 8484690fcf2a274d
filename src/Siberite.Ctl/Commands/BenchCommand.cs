using System.CommandLine;
using System.Globalization;
using System.Net;
using Siberite.Ctl.Bench;

namespace Siberite.Ctl.Commands;

/// <summary><c>siberitectl bench</c>: a load on any server that speaks memcache, and what it has shown.</summary>
internal static class BenchCommand
{
    private const int MaxConnections = 20_000;
    private const int MaxPipeline = 4096;
    private const int MaxSizeBytes = 64 << 20;
    private const int MaxQueues = 100_000;
    private const int MaxPrefixLength = 64;
    private const int DefaultPort = 22133;

    private static readonly Option<string> Target = With("--target", "host:port", "the server", "127.0.0.1:22133");

    private static readonly Option<string?> LoginFile =
        With<string?>("--login", "file", Login.FileDescription, null);

    private static readonly Option<LoadPattern> Pattern = new("--pattern")
    {
        Description = "set, get, mixed (a set and a get in turn), reliable (a set and a get q/close/open in turn) or "
            + "open (get q/close/open only)",
        HelpName = "what",
        DefaultValueFactory = _ => LoadPattern.Mixed,
    };

    private static readonly Option<int> Connections = With("--connections", "count", "connections", 50);

    private static readonly Option<int> Pipeline =
        With("--pipeline", "count", "commands a connection may have under way", 1);

    private static readonly Option<string> Size =
        With("--size", "bytes", "payload bytes of an item, or a range of them such as 16-4096", "64");

    private static readonly Option<int> Queues = With("--queues", "count", "queues that connections go through", 10);

    private static readonly Option<string> Prefix =
        With("--prefix", "name", "of the queues; a number follows", "bench");

    private static readonly Option<string?> Duration =
        With<string?>("--duration", "time", "how long, such as 30s, 500ms or 5m", null);

    private static readonly Option<long?> Requests = With<long?>("--requests", "count", "how many", null);

    private static readonly Option<double?> Rate = With<double?>(
        "--rate", "per second",
        "ask so often whatever the server does, and time each command from when it was due; without it, every reply "
            + "lets the next command go", null);

    private static readonly Option<string> WarmUp =
        With("--warm-up", "time", "load of the same kind before anything is counted", "0s");

    private static readonly Option<int> Threads =
        With("--threads", "count", "threads that drive the load", Math.Clamp(Environment.ProcessorCount / 4, 1, 8));

    private static readonly Option<int?> ServerProcess =
        With<int?>("--pid", "process", "the server's process on this machine, to report what it uses", null);

    private static readonly Option<string?> Json = With<string?>("--json", "file", "write the report as JSON", null);

    private static readonly Option<string?> Plot = With<string?>(
        "--plot", "file", "draw latency percentiles and the throughput's course as SVG", null);

    public static Command Create()
    {
        var bench = new Command(
            "bench", "load a server that speaks memcache, within a bound in time or count")
        {
            Target, LoginFile, Pattern, Connections, Pipeline, Size, Queues, Prefix, Duration, Requests, Rate, WarmUp,
            Threads, ServerProcess, Json, Plot,
        };
        bench.SetAction((line, cancellation) => RunAsync(line, cancellation));
        return bench;
    }

    /// <returns><see cref="ExitCodes.Failed"/> when anything was refused, lost or never answered.</returns>
    private static async Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        var plan = PlanOf(line);
        await Task.Yield(); // Ctrl-C is only listened to once this has returned to its caller.
        var dialect = new MemcacheDialect(
            plan.Prefix, plan.Queues, isReliable: plan.Pattern is LoadPattern.Reliable or LoadPattern.Open,
            Login.Read(line.GetValue(LoginFile)));
        using var run = LoadRun.Start(plan, dialect);

        // Ctrl-C ends the load and not the report.
        using var stopping = cancellation.UnsafeRegister(static state => ((LoadRun)state!).Stop(), run);
        await Screen.WatchAsync($"Loading {plan.Name}", run.LookAsync);
        var report = run.Finish();

        Screen.Say(TextReport.Write(report));
        await WriteAsync(line.GetValue(Json), report.ToJson());
        await WriteAsync(line.GetValue(Plot), LoadPlot.Draw(report));
        return report.IsClean ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static async Task WriteAsync(string? path, string text)
    {
        try
        {
            if (path is not null)
            {
                await File.WriteAllTextAsync(path, text);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Failed, $"cannot write {path}: {e.Message}", e);
        }
    }

    private static BenchPlan PlanOf(ParseResult line)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new CtlException(ExitCodes.Failed, "bench drives its sockets as only Linux can");
        }

        var name = line.GetValue(Target)!;
        var connections = Within(line, Connections, 1, MaxConnections);
        var duration = line.GetValue(Duration) is { } text ? Time("--duration", text) : (TimeSpan?)null;
        var requests = line.GetValue(Requests);
        var rate = line.GetValue(Rate);
        if (duration is null && requests is null)
        {
            throw Usage("a load needs a bound: --duration, --requests or both");
        }

        if (duration == TimeSpan.Zero || requests <= 0 || rate <= 0)
        {
            throw Usage("--duration, --requests and --rate must be above 0");
        }

        if (line.GetValue(Prefix) is not { Length: > 0 and <= MaxPrefixLength } prefix
            || prefix.Any(c => c is <= ' ' or > '~'))
        {
            throw Usage($"--prefix must be 1 to {MaxPrefixLength} characters that a queue's name may have");
        }

        return new BenchPlan(
            EndPointOf(name), name, line.GetValue(Pattern), connections, Within(line, Pipeline, 1, MaxPipeline),
            Sizes(line.GetValue(Size)!), Within(line, Queues, 1, MaxQueues), prefix, duration, requests, rate,
            Time("--warm-up", line.GetValue(WarmUp)!), Math.Min(connections, Within(line, Threads, 1, 64)),
            line.GetValue(ServerProcess));
    }

    private static EndPoint EndPointOf(string name)
    {
        if (IPEndPoint.TryParse(name, out var address))
        {
            return address.Port == 0 ? new IPEndPoint(address.Address, DefaultPort) : address;
        }

        var colon = name.LastIndexOf(':');
        var digits = colon < 0 ? null : name[(colon + 1)..];
        var port = DefaultPort;
        return colon != 0 && (digits is null || (int.TryParse(digits, out port) && port is > 0 and < 65_536))
            ? new DnsEndPoint(colon < 0 ? name : name[..colon], port)
            : throw Usage($"--target must be host:port, not '{name}'");
    }

    private static SizeRange Sizes(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? text : text[..dash];
        var last = dash < 0 ? text : text[(dash + 1)..];
        return int.TryParse(first, out var from) && int.TryParse(last, out var to) && from >= 0 && from <= to
            && to <= MaxSizeBytes
            ? new SizeRange(from, to)
            : throw Usage($"--size must be bytes up to {MaxSizeBytes}, or a range such as 16-4096, not '{text}'");
    }

    private static TimeSpan Time(string option, string text)
    {
        var digits = text.TrimEnd('m', 's', 'h');
        var unit = text[digits.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" or "" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => TimeSpan.Zero,
        };
        var isNumber = double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var count);
        return isNumber && unit > TimeSpan.Zero && count >= 0 && count * unit.TotalDays <= 1
            ? count * unit
            : throw Usage($"{option} must be a time of at most a day, such as 30s, 500ms or 5m, not '{text}'");
    }

    private static int Within(ParseResult line, Option<int> option, int first, int last)
        => line.GetValue(option) is var value && value >= first && value <= last
            ? value
            : throw Usage($"{option.Name} must be {first} to {last}");

    private static CtlException Usage(string message) => new(ExitCodes.Usage, message);

    private static Option<T> With<T>(string name, string value, string description, T standard)
        => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => standard };
}
