using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Siberite.Ctl.Bench;

/// <summary>One load from its connections to its report.</summary>
internal sealed class LoadRun : IDisposable
{
    /// <summary>Time between two points of the throughput's course, at first.</summary>
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>A longer course is folded: two intervals become one.</summary>
    private const int MaxSamples = 1200;

    private readonly BenchPlan _plan;
    private readonly List<LoadWorker> _workers = [];
    private readonly string _greeting;
    private readonly ServerUsage _usage;
    private readonly long _countFrom;
    private readonly List<(TimeSpan At, long Replies)> _samples = [];
    private TimeSpan _ownProcessorTime;
    private long _repliesAtBegin;
    private int _samplesPerPoint = 1;
    private int _samplesTaken;

    private LoadRun(BenchPlan plan, Dialect dialect, List<Socket> sockets)
    {
        _plan = plan;
        _greeting = dialect.Greet(sockets[0]);
        var commands = plan.Requests ?? long.MaxValue;
        for (var index = 0; index < plan.Threads; index++)
        {
            var own = sockets.Where((_, number) => number % plan.Threads == index).ToList();
            var share = plan.Requests is null
                ? commands
                : (commands / plan.Threads) + (index < commands % plan.Threads ? 1 : 0);
            _workers.Add(new LoadWorker(plan, dialect, own, share, plan.Rate / plan.Threads));
        }

        var now = Stopwatch.GetTimestamp();
        _countFrom = now + Ticks(plan.WarmUp);
        _usage = new ServerUsage(plan.ServerProcess);
        foreach (var worker in _workers)
        {
            worker.Start(now, _countFrom, plan.Duration is { } time ? _countFrom + Ticks(time) : long.MaxValue);
        }
    }

    /// <summary>Connects and begins.</summary>
    /// <exception cref="CtlException">The server is not there, or no server of this dialect.</exception>
    public static LoadRun Start(BenchPlan plan, Dialect dialect)
    {
        var sockets = new List<Socket>();
        try
        {
            while (sockets.Count < plan.Connections)
            {
                sockets.Add(Connect(plan, sockets.Count));
                dialect.LogIn(sockets[^1]);
            }

            return new LoadRun(plan, dialect, sockets);
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>Waits a moment and looks how far it is.</summary>
    public async Task<Progress> LookAsync()
    {
        await Task.Delay(SampleInterval, CancellationToken.None);
        var since = Since();
        if (since < TimeSpan.Zero)
        {
            return Progress(TimeSpan.Zero, 0);
        }

        var replies = _workers.Sum(worker => worker.Counts.Replies);
        if (_samples.Count == 0)
        {
            (_ownProcessorTime, _repliesAtBegin) = (Environment.CpuUsage.TotalTime, replies);
            _usage.Begin();
        }

        var isWholeInterval = since <= (_plan.Duration ?? TimeSpan.MaxValue) && _workers.Exists(w => !w.HasEnded);
        if (_samplesTaken++ % _samplesPerPoint == 0 && isWholeInterval)
        {
            _samples.Add((since, replies));
        }

        if (_samples.Count >= MaxSamples)
        {
            FoldSamples();
        }

        return Progress(since, replies);
    }

    /// <summary>Asks no more. What is under way is still counted.</summary>
    public void Stop() => _workers.ForEach(worker => worker.Stop());

    /// <summary>Waits for the rest and sums up.</summary>
    /// <exception cref="CtlException">A worker has failed.</exception>
    public LoadReport Finish()
    {
        _workers.ForEach(worker => worker.Join());
        if (_workers.Select(worker => worker.Failure).FirstOrDefault(failure => failure is not null) is { } failure)
        {
            throw new CtlException(ExitCodes.Failed, $"the load stopped: {failure.Message}", failure);
        }

        var counts = _workers.ConvertAll(worker => worker.Counts);
        var lastReplyAt = counts.Max(count => count.LastReplyAt);
        var elapsed = lastReplyAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_countFrom, lastReplyAt);
        var replies = counts.Sum(count => count.Replies) - _repliesAtBegin;
        var ownTime = Environment.CpuUsage.TotalTime - _ownProcessorTime;
        return LoadReport.Create(
            _plan, _greeting, elapsed, counts, _samples, _usage.End(replies),
            replies == 0 ? 0 : ownTime.TotalMicroseconds / replies);
    }

    public void Dispose()
    {
        Stop();
        foreach (var worker in _workers)
        {
            worker.Join();
            worker.Dispose();
        }
    }

    private static Socket Connect(BenchPlan plan, int connected)
    {
        var socket = plan.Target is IPEndPoint address
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            socket.Connect(plan.Target);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var which = connected == 0 ? "" : FormattableString.Invariant(
                $" with connection {connected + 1} of {plan.Connections}");
            var reason = new SocketException((int)e.SocketErrorCode).Message; // Without the address once more.
            throw new CtlException(ExitCodes.Failed, $"cannot reach a server at {plan.Name}{which}: {reason}", e);
        }
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private TimeSpan Since()
    {
        var ticks = Stopwatch.GetTimestamp() - _countFrom;
        return TimeSpan.FromSeconds(ticks / (double)Stopwatch.Frequency);
    }

    private Progress Progress(TimeSpan since, long replies)
    {
        var isOver = _workers.TrueForAll(worker => worker.HasEnded);
        var total = _plan.Requests ?? (long)_plan.Duration!.Value.TotalMilliseconds;
        var done = _plan.Requests is null ? (long)since.TotalMilliseconds : replies;
        return new Progress(Math.Min(done, total), total, isOver);
    }

    private void FoldSamples()
    {
        _samplesPerPoint *= 2;
        for (var index = 0; index < _samples.Count / 2; index++)
        {
            _samples[index] = _samples[(2 * index) + 1];
        }

        _samples.RemoveRange(_samples.Count / 2, _samples.Count - (_samples.Count / 2));
    }
}
