using System.CommandLine;
using System.Globalization;
using System.Net;
using Siberite.Ctl;
using Siberite.Ctl.Bench;

namespace Siberite.Benchmarks.Peers;

/// <summary>Loads a peer that does not speak memcache, and prints one number: items a second, in and out.</summary>
internal static class PeerCommand
{
    private static readonly Argument<string> Name = new("peer") { Description = "beanstalkd, nats or rabbitmq" };
    private static readonly Option<int> Port = new("--port") { Required = true };
    private static readonly Option<int> Connections = new("--connections") { Required = true };
    private static readonly Option<int> Pipeline = new("--pipeline") { Required = true };
    private static readonly Option<int> Size = new("--size") { Required = true };
    private static readonly Option<double> WarmUp = new("--warm-up") { Description = "seconds", Required = true };
    private static readonly Option<double> Seconds = new("--seconds") { Required = true };

    public static async Task<int> RunAsync(string[] arguments)
    {
        var command = new RootCommand("items a second through a peer")
        {
            Name, Port, Connections, Pipeline, Size, WarmUp, Seconds,
        };
        command.SetAction(async line =>
        {
            var load = new PeerLoad(
                line.GetValue(Port), line.GetValue(Connections), line.GetValue(Pipeline), line.GetValue(Size),
                TimeSpan.FromSeconds(line.GetValue(WarmUp)), TimeSpan.FromSeconds(line.GetValue(Seconds)));
            try
            {
                var itemsPerSecond = await LoadAsync(line.GetValue(Name)!, load);
                Console.WriteLine(itemsPerSecond.ToString("0", CultureInfo.InvariantCulture));
                return ExitCodes.Done;
            }
            catch (Exception e) when (e is CtlException or InvalidOperationException or TimeoutException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return ExitCodes.Failed;
            }
        });
        return await command.Parse(arguments).InvokeAsync();
    }

    private static async Task<double> LoadAsync(string peer, PeerLoad load)
    {
        if (peer == "beanstalkd")
        {
            return await LoadBeanstalkAsync(load);
        }

        using var cycle = new ItemCycle(load);
        return await cycle.RunAsync(peer switch
        {
            "nats" => (number, consumed) => NatsPeer.OpenAsync(load, number, consumed),
            "rabbitmq" => (number, consumed) => RabbitPeer.OpenAsync(load, number, consumed),
            _ => throw new CtlException(ExitCodes.Usage, $"there is no driver for '{peer}'"),
        });
    }

    private static async Task<double> LoadBeanstalkAsync(PeerLoad load)
    {
        var plan = new BenchPlan(
            new IPEndPoint(IPAddress.Loopback, load.Port), "beanstalkd", LoadPattern.Mixed, load.Connections,
            load.Pipeline, new SizeRange(load.SizeBytes, load.SizeBytes), Queues: 1, "", load.Duration, null, null,
            load.WarmUp, Threads: 1, ServerProcess: null);
        using var run = LoadRun.Start(plan, new BeanstalkDialect());
        while (!(await run.LookAsync()).IsOver)
        {
        }

        var report = run.Finish();
        return report.IsClean
            ? report.Hits / report.Seconds
            : throw new CtlException(
                ExitCodes.Failed,
                $"{report.Errors} errors, {report.LostConnections} connections lost, {report.Unanswered} unanswered");
    }
}
