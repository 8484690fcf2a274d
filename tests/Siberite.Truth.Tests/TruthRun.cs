using System.Collections.Concurrent;
using Siberite.Testing;
using Siberite.Testing.Clusters;
using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Workload;
using Siberite.Truth.Tests.Observing;

namespace Siberite.Truth.Tests;

/// <summary>One scenario: queues of its own on every silo, clients that use them, the ledger of it all, and in the end
/// the verdict.</summary>
internal sealed class TruthRun : IAsyncDisposable
{
    /// <summary>How long the cluster may take to be well again, once nothing is wrong any more. A silo that was
    /// declared dead learns of it within a minute by default, and joins after that.</summary>
    private static readonly TimeSpan HealPatience = TimeSpan.FromMinutes(4);

    /// <summary>How long before its end was seen a silo that ended by itself may have been unwell.</summary>
    private static readonly TimeSpan UnwellBefore = TimeSpan.FromSeconds(20);

    /// <summary>How long all queues must have been served before all is well.</summary>
    private static readonly TimeSpan WellFor = TimeSpan.FromSeconds(1);

    private readonly TruthCluster _cluster;
    private readonly string _scenario;
    private readonly ConcurrentDictionary<string, ConcurrentBag<string>> _homes = new();
    private readonly CancellationTokenSource _stopProbes = new();
    private readonly Gate _gate = new(Refusals.Cluster);
    private readonly Random _random;
    private readonly List<Absence> _absences = [];
    private readonly List<Disturbance> _open = [];
    private readonly Lock _guard = new(); // Guards the two lists.
    private Probe[] _probes = [];
    private Task _probing = Task.CompletedTask;
    private WorkloadRun _workload = null!;
    private ClusterSilo? _focus;
    private QueueUse _use;

    private TruthRun(TruthCluster cluster, string scenario, int seed)
    {
        _cluster = cluster;
        _scenario = scenario;
        Seed = seed;
        _random = new Random(seed);
        cluster.Ended += OnEnded;
    }

    public Ledger Ledger { get; } = new();

    public int Seed { get; }

    /// <summary>Silos that ended although nothing was done to them.</summary>
    public List<string> Unasked { get; } = [];

    /// <summary>The loose queue of the run.</summary>
    public string LooseQueue { get; private set; } = "";

    public IEnumerable<string> StrictQueues => _homes.Keys;

    /// <summary>Makes the queues, lets every gateway know them, and starts all clients.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="scenario">What to call it.</param>
    /// <param name="seed">Of all chance in it.</param>
    /// <param name="focus">A silo that a third of the clients connect to, past the balancer.</param>
    /// <param name="use">Of which queues.</param>
    public static async Task<TruthRun> StartAsync(
        TruthCluster cluster, string scenario, int seed, ClusterSilo? focus, QueueUse use)
    {
        var run = new TruthRun(cluster, scenario, seed) { _focus = focus, _use = use };
        try
        {
            await run.MakeQueuesAsync();
            run.StartClients();
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Queues whose home was made on a silo.</summary>
    public IReadOnlyList<string> QueuesOf(ClusterSilo silo)
        => [.. _homes.Where(queue => queue.Value.Contains(silo.Name)).Select(queue => queue.Key).Order()];

    /// <summary>A queue may be at home on a silo from now on.</summary>
    public void AddHome(string queue, string silo) => _homes[queue].Add(silo);

    /// <summary>To be called just before a fault of a silo.</summary>
    public Disturbance Disturb(string text, params ClusterSilo[] silos)
        => Keep(Ledger.BeginDisturbance(
            text, DisturbanceKind.Silo, silos.Select(silo => silo.Name), queues: []));

    /// <summary>To be called just before a queue is moved.</summary>
    public Disturbance DisturbQueue(string text, string queue)
        => Keep(Ledger.BeginDisturbance(text, DisturbanceKind.Move, silos: [], [queue]));

    /// <summary>A silo does nothing from now on: until <see cref="EndAbsence"/> nobody may serve its queues.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="isReachable">Whether its own clients still reach it.</param>
    public Absence BeginAbsence(ClusterSilo silo, bool isReachable = false)
    {
        var absence = new Absence(silo.Name, Ledger.Mark(), isReachable);
        _absences.Add(absence);
        return absence;
    }

    /// <summary>To be called just before the silo may do something again.</summary>
    public void EndAbsence(Absence absence) => absence.End = Ledger.Mark();

    /// <summary>Lets the load run.</summary>
    public static async Task PassAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until all silos are ready, each of them serves all queues, and all have been served for a while;
    /// disturbances are over then.</summary>
    /// <remarks>Each silo is asked: two that could not hear each other find together when TCP tries again, which is
    /// later than a client of any other silo hears of it.</remarks>
    public async Task HealAsync()
    {
        var since = Ledger.Mark();
        await Poll.UntilAsync(
            () => Task.FromResult(_probes.All(probe => probe.IsWell(since, WellFor))), "all queues are served",
            HealPatience);
        foreach (var silo in _cluster.Silos.Silos.Where(_cluster.IsWanted))
        {
            await TruthCluster.WaitUntilReadyAsync(silo, HealPatience);
            await Poll.UntilAsync(
                () => ServesAllAsync(silo), $"{silo.Name} serves all queues", HealPatience);
        }

        EndDisturbances();
    }

    /// <summary>Ends the disturbances that are open.</summary>
    public void EndDisturbances()
    {
        lock (_guard)
        {
            _open.ForEach(Ledger.EndDisturbance);
            _open.Clear();
        }
    }

    /// <summary>Lets clients finish, reads everything and judges.</summary>
    public async Task<TruthVerdict> FinishAsync()
    {
        await PassAsync(Campaign.Current.Calm);
        await HealAsync();
        await _workload.StopAsync();
        await _stopProbes.CancelAsync();
        await _probing;
        await UntilNothingIsOpenAsync();
        await _workload.DrainAsync(TimeSpan.FromMilliseconds(300));
        await _workload.DrainAsync(TimeSpan.FromMilliseconds(50)); // What is closed must not come back.
        var silos = _cluster.Silos.Silos.Select(silo => silo.Name).ToArray();
        var chronicle = Ledger.CloseCluster(queue => queue == LooseQueue, silos, HomesOf);
        return TruthVerdict.Of(chronicle, HomesOf, _absences, _probes);
    }

    /// <summary>What a probe saw since a disturbance began.</summary>
    public Outage? OutageOf(string queue, Disturbance disturbance)
        => Outage.Of(_probes.Single(probe => probe.Queue == queue).Looks, disturbance.Invoke);

    public IReadOnlyCollection<string> HomesOf(string queue)
        => _homes.TryGetValue(queue, out var homes) ? homes : [];

    /// <summary>What happened, in numbers.</summary>
    public string Summary
    {
        get
        {
            var (stored, finished) = Ledger.Progress;
            return $"{_scenario}, seed {Seed}: {Ledger.OperationCount} commands, {stored} copies stored, "
                + $"{finished} read";
        }
    }

    public async ValueTask DisposeAsync()
    {
        _cluster.Ended -= OnEnded;
        await _stopProbes.CancelAsync();
        await _probing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _workload?.Abandon();
        _workload?.Dispose();
        _stopProbes.Dispose();
    }

    private async Task<bool> ServesAllAsync(ClusterSilo silo)
    {
        try
        {
            await using var client = await _cluster.ConnectAsync(silo, CancellationToken.None);
            foreach (var queue in StrictQueues.Append(LooseQueue))
            {
                if (!(await client.Wire.GetAsync($"{queue}/peek", CancellationToken.None)).IsDone)
                {
                    return false;
                }
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Disturbance Keep(Disturbance disturbance)
    {
        lock (_guard)
        {
            _open.Add(disturbance);
        }

        return disturbance;
    }

    private async Task MakeQueuesAsync()
    {
        var mark = $"{Seed % 100_000:00000}{Random.Shared.Next(1_000):000}";
        LooseQueue = $"loose-{mark}";
        foreach (var silo in _cluster.Silos.Silos.Take(3))
        {
            await using var client = await _cluster.ConnectAsync(silo, CancellationToken.None);
            foreach (var letter in (string[])["a", "b"])
            {
                var name = $"{silo.Name}-{letter}-{mark}";
                var reply = await client.Wire.SetAsync(name, 0, "made"u8.ToArray(), CancellationToken.None);
                Assert.Equal("STORED", reply);
                Assert.NotNull((await client.Wire.GetAsync(name, CancellationToken.None)).Item);
                _homes[name] = [silo.Name];
            }
        }

        // Every gateway learns every queue, so that none needs the directory from now on.
        foreach (var silo in _cluster.Silos.Silos.Take(3))
        {
            await using var client = await _cluster.ConnectAsync(silo, CancellationToken.None);
            foreach (var queue in StrictQueues)
            {
                Assert.Equal("END", (await client.Wire.GetAsync(queue, CancellationToken.None)).Line);
            }

            var reply = await client.Wire.SetAsync(LooseQueue, 0, "made"u8.ToArray(), CancellationToken.None);
            Assert.Equal("STORED", reply);
            Assert.NotNull((await client.Wire.GetAsync(LooseQueue, CancellationToken.None)).Item);
        }
    }

    private void StartClients()
    {
        _workload = new WorkloadRun(Ledger, _gate, PlanFor([.. StrictQueues.Order()]), Seed);
        _gate.OpenCluster(async cancellation =>
        {
            var client = _focus is { } focus && IsForFocus()
                ? await _cluster.ConnectAsync(focus, cancellation)
                : await _cluster.ConnectKnownAsync(cancellation);
            return (client.Wire, client.Silo);
        });
        _workload.Start();
        _probes = [.. StrictQueues.Order().Append(LooseQueue).Select(queue => new Probe(queue, _cluster, Ledger))];
        _probing = Task.WhenAll(_probes.Select(probe => Task.Run(() => probe.RunAsync(_stopProbes.Token))));
    }

    private bool IsForFocus()
    {
        lock (_guard)
        {
            return _random.Next(3) == 0;
        }
    }

    private WorkloadPlan PlanFor(string[] strict)
    {
        var pairs = _use.HasFlag(QueueUse.Pairs) ? strict.Chunk(2).Select(pair => $"{pair[0]}+{pair[1]}") : [];
        var loose = _use.HasFlag(QueueUse.Loose) ? [LooseQueue, LooseQueue] : Array.Empty<string>();
        return new WorkloadPlan
        {
            Targets = [.. strict, .. strict, .. pairs, .. loose],
            PlainQueues = strict.Where(queue => queue.Contains("-b-", StringComparison.Ordinal)).ToHashSet(),
            Producers = 4,
            Consumers = 5,
            Pace = TimeSpan.FromMilliseconds(25),
            Window = 8,
            MaxBacklog = 400,
            DeepBacklog = 0,
            MaxItemBytes = 65_536,
        };
    }

    /// <summary>What sessions held that are gone must go back, whatever became of their silo.</summary>
    private async Task UntilNothingIsOpenAsync()
    {
        await using var client = await _cluster.ConnectAsync(_cluster.Silos[0], CancellationToken.None);
        await Poll.UntilAsync(
            async () =>
            {
                var lines = new List<string>();
                for (var line = await client.Wire.AskAsync("stats", CancellationToken.None); line != "END";
                    line = await client.Wire.ReadLineAsync(CancellationToken.None))
                {
                    lines.Add(line);
                }

                return !lines.Exists(line => IsOpen(line, [.. StrictQueues, LooseQueue]));
            },
            "nothing is open any more", TimeSpan.FromMinutes(2));
    }

    private static bool IsOpen(string line, string[] queues)
        => queues.Any(queue => line.StartsWith($"STAT queue_{queue}_open_transactions ", StringComparison.Ordinal)
            && !line.EndsWith(" 0", StringComparison.Ordinal));

    /// <remarks>A silo that ends in a disturbance of its own was meant to.</remarks>
    private void OnEnded(ClusterSilo silo)
    {
        lock (_guard)
        {
            if (_open.Any(disturbance => disturbance.Silos.Contains(silo.Name)))
            {
                return;
            }

            Unasked.Add($"{silo.Name}: {string.Join('\n', silo.Output.Split('\n').TakeLast(20))}");
            _open.Add(Ledger.AddDisturbance(
                $"{silo.Name} ended by itself", silo.Name, Ledger.Mark() - Ledger.TicksOf(UnwellBefore)));
        }
    }
}

/// <summary>Which queues a workload uses, beside single strict ones.</summary>
[Flags]
internal enum QueueUse
{
    StrictOnly = 0,

    /// <summary>Sets of two strict queues at once, as long as they have the same home.</summary>
    Pairs = 1,

    Loose = 2,
    All = Pairs | Loose,
}

/// <summary>A span in which a silo certainly did nothing.</summary>
internal sealed class Absence(string silo, long start, bool isReachable)
{
    public string Silo => silo;

    public long Start => start;

    /// <summary>Whether its own clients still reached it.</summary>
    public bool IsReachable => isReachable;

    public long End { get; set; } = long.MaxValue;
}
