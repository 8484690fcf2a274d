using Siberite.Testing.Clusters;
using Siberite.Testing.Histories;
using Siberite.Truth.Tests.Observing;

namespace Siberite.Truth.Tests;

/// <summary>How every scenario goes: load, faults, more load, everything read, and the verdict on it all.</summary>
internal sealed class Scenario(TruthCluster cluster, ITestOutputHelper output, string name)
{
    /// <summary>What the scenario measures.</summary>
    public UnavailabilityTable Table { get; } = new(name);

    /// <summary>Plays it.</summary>
    /// <param name="method">The test, to be named should it fail.</param>
    /// <param name="act">Causes the faults, and waits until they are mended.</param>
    /// <param name="focus">A silo that a third of the clients connect to, past the balancer.</param>
    /// <param name="use">Of which queues.</param>
    public async Task PlayAsync(
        string method, Func<TruthRun, Task> act, ClusterSilo? focus = null, QueueUse use = QueueUse.All)
    {
        var seed = Campaign.NextSeed();
        await using var run = await TruthRun.StartAsync(cluster, name, seed, focus, use);
        TruthVerdict? verdict = null;
        try
        {
            await TruthRun.PassAsync(Campaign.Current.Calm);
            await act(run);
            verdict = await run.FinishAsync();
            output.WriteLine($"{run.Summary}\n{Table}");
            run.Unasked.ForEach(end => output.WriteLine($"ended by itself: {end}"));
            Assert.True(verdict.IsClean, verdict.ToString());
            Table.Write();
        }
        catch
        {
            output.WriteLine($"{run.Summary}\nagain: {Campaign.CommandFor(method, seed)}");
            KeepOutputs(verdict);
            throw;
        }
        finally
        {
            await cluster.MendAsync();
        }
    }

    /// <summary>What the silos printed and the clients saw, in files: it is long.</summary>
    private void KeepOutputs(TruthVerdict? verdict)
    {
        var directory = Directory.CreateTempSubdirectory("siberite-truth-").FullName;
        foreach (var silo in cluster.Silos.Silos)
        {
            File.WriteAllText(Path.Combine(directory, $"{silo.Name}.log"), silo.Output);
        }

        File.WriteAllLines(Path.Combine(directory, "history.log"), verdict?.History ?? []);
        output.WriteLine($"the silos' words and the history are kept in {directory}");
    }

    /// <summary>Adds what was seen of a fault of some silos.</summary>
    public void Note(TruthRun run, Disturbance disturbance, string what, string remark)
    {
        var affected = run.StrictQueues.Where(queue => run.HomesOf(queue).Any(disturbance.Silos.Contains)
            || disturbance.Queues.Contains(queue)).ToHashSet();
        var others = run.StrictQueues.Where(queue => !affected.Contains(queue));
        Table.Add(
            what, affected.Select(queue => run.OutageOf(queue, disturbance)),
            others.Select(queue => run.OutageOf(queue, disturbance)), remark);
    }
}

/// <summary>One cluster on the loopback address for all tests of a class; it is well before and after each.</summary>
public sealed class LoopbackCluster : IAsyncLifetime
{
    private TruthCluster? _cluster;

    internal TruthCluster Cluster => _cluster!;

    public async ValueTask InitializeAsync() => _cluster = await TruthCluster.StartAsync(ClusterNetwork.Loopback);

    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? default;
}
