using System.Diagnostics;
using System.Text;
using Siberite.Ctl.Bench;

namespace Siberite.Ctl.Tests;

/// <summary>The load driver itself, against servers that answer as told.</summary>
public sealed class LoadRunTests
{
    /// <remarks>A closed loop would stop asking during the stall and count one slow command; a due command waits, and
    /// counts.</remarks>
    [Fact]
    public async Task A_stall_counts_for_every_command_that_was_due_meanwhile()
    {
        const double Rate = 500;
        var stall = TimeSpan.FromMilliseconds(800);
        var asked = 0;
        await using var server = new ScriptedMemcache(async _ =>
        {
            if (Interlocked.Increment(ref asked) == 200)
            {
                await Task.Delay(stall);
            }

            return "END\r\n";
        });

        var report = await RunAsync(Plan(server) with { Requests = 1000, Rate = Rate, Connections = 1 });

        // 400 of the 1,000 were due during the stall; those of its first quarter waited longer than three quarters.
        var times = Assert.Single(report.Latencies);
        Assert.Equal(1000, times.Count);
        Assert.InRange(times.At(99)!.Value, 0.6 * stall.TotalMicroseconds, 5 * stall.TotalMicroseconds);
        Assert.InRange(times.At(90)!.Value, 0.5 * stall.TotalMicroseconds, 5 * stall.TotalMicroseconds);
        Assert.True(report.IsClean);
    }

    [Fact]
    public async Task A_rate_is_kept_and_what_was_due_and_never_sent_is_told()
    {
        await using var fast = new ScriptedMemcache(_ => "END\r\n");
        var kept = await RunAsync(Plan(fast) with { Duration = TimeSpan.FromSeconds(1), Rate = 200 });
        Assert.InRange(kept.Requests, 190, 200);
        Assert.Equal(0, kept.Unsent);

        await using var stuck = new ScriptedMemcache(async _ =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            return "END\r\n";
        });
        var missed = await RunAsync(
            Plan(stuck) with { Duration = TimeSpan.FromMilliseconds(500), Rate = 200, Connections = 1 });
        Assert.InRange(missed.Unsent, 80, 100);
    }

    [Fact]
    public async Task The_driver_allocates_nothing_per_command()
    {
        await using var server = new ScriptedMemcache(
            line => line.StartsWith("get ", StringComparison.Ordinal)
                ? "VALUE bench0 0 3\r\nabc\r\nEND\r\n"
                : "STORED\r\n");

        var report = await RunAsync(Plan(server) with
        {
            Pattern = LoadPattern.Mixed,
            Requests = 4000,
            Pipeline = 8,
            WarmUp = TimeSpan.FromMilliseconds(200),
        });

        Assert.Equal(4000, report.Requests);
        Assert.InRange(report.Driver.AllocatedBytes, 0, 4000);
    }

    [Fact]
    public async Task The_bound_in_count_holds_over_threads()
    {
        await using var server = new ScriptedMemcache(_ => "STORED\r\n");

        var report = await RunAsync(
            Plan(server) with { Pattern = LoadPattern.Set, Requests = 1001, Connections = 5, Threads = 3 });

        Assert.Equal(1001, report.Requests);
        Assert.Equal(0, report.Hits + report.Misses);
    }

    /// <remarks>Replies arrive in any pieces.</remarks>
    [Theory]
    [InlineData("VALUE q 0 5\r\nhello\r\nEND\r\n", 25, "VALUE q 0 5\r")]
    [InlineData("END\r\n", 5, "EN")]
    public void A_reply_is_read_when_its_line_is_whole(string reply, int bytes, string front)
    {
        var dialect = new MemcacheDialect("q", 1, isReliable: false, login: null);

        Assert.Equal(ReplyOutcome.Incomplete, Read(dialect, front).Outcome);
        Assert.Equal(bytes, Read(dialect, reply).Bytes);
        Assert.Equal(bytes, Read(dialect, reply[..(reply.IndexOf('\n') + 1)]).Bytes);
    }

    private static Reply Read(MemcacheDialect dialect, string input)
        => dialect.Read(Encoding.ASCII.GetBytes(input), CommandKind.Get, default);

    private static BenchPlan Plan(ScriptedMemcache server)
        => new(
            server.EndPoint, "scripted", LoadPattern.Get, Connections: 4, Pipeline: 1, new SizeRange(3, 3), Queues: 1,
            "bench", Duration: null, Requests: null, Rate: null, WarmUp: TimeSpan.Zero, Threads: 1,
            ServerProcess: null);

    private static async Task<LoadReport> RunAsync(BenchPlan plan)
    {
        var dialect = new MemcacheDialect(plan.Prefix, plan.Queues, isReliable: false, login: null);
        using var run = LoadRun.Start(plan, dialect);
        var started = Stopwatch.GetTimestamp();
        while (!(await run.LookAsync()).IsOver)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), "The load does not end.");
        }

        return run.Finish();
    }
}
