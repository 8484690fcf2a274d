using System.Text.Json;
using Siberite.Testing;
using Siberite.Testing.Clusters;

namespace Siberite.Truth.Tests;

/// <summary>What operators do to a cluster under load: silos join and leave, disks and queues move.</summary>
[Trait("Category", "Slow")]
public sealed class ChangeTests(LoopbackCluster fixture, ITestOutputHelper output) : IClassFixture<LoopbackCluster>
{
    private readonly TruthCluster _cluster = fixture.Cluster;

    /// <remarks>
    /// Goal: silos that come and go, politely or not, disturb nobody who has nothing to do with them, and a new one
    /// takes part at once.
    /// Method: two more silos join together, again and again; a client of each sets an item that another silo's client
    /// gets; then one is stopped and the other killed.
    /// </remarks>
    [Fact]
    public Task Silos_join_and_leave()
    {
        var scenario = new Scenario(_cluster, output, "joins");
        ClusterSilo[] guests = [_cluster.Add(), _cluster.Add()];
        return scenario.PlayAsync(nameof(Silos_join_and_leave), async run =>
        {
            var first = run.Disturb("silos join and leave", guests);
            for (var joins = 0; joins < Campaign.Current.Joins; joins += guests.Length)
            {
                guests[0].Launch();
                guests[1].Launch();
                foreach (var guest in guests)
                {
                    await guest.WaitUntilReadyAsync();
                    await PassOnAsync(guest, $"guest-{guest.Name}-{run.Seed}", joins);
                }

                var (stopped, killed) = joins / 2 % 2 == 0 ? (guests[0], guests[1]) : (guests[1], guests[0]);
                Assert.Equal(0, await stopped.StopAsync());
                await killed.KillAsync();
            }

            scenario.Note(
                run, first, $"{Campaign.Current.Joins} joins; half leave by SIGTERM, half by SIGKILL",
                "seen on the silos that stay");
            await run.HealAsync();
        });
    }

    /// <remarks>
    /// Goal: a disk is all there is of a silo: whoever has it serves its queues, under whatever name and address.
    /// Method: kill a silo, and start another, with other ports and another name, on its data; then back again.
    /// </remarks>
    [Fact]
    public Task A_disk_moves_to_another_silo()
    {
        var scenario = new Scenario(_cluster, output, "moved disk");
        var old = _cluster.Silos[2];
        var heir = _cluster.Add();
        heir.DataDirectory = old.DataDirectory;
        return scenario.PlayAsync(nameof(A_disk_moves_to_another_silo), async run =>
        {
            foreach (var (from, to) in ((ClusterSilo, ClusterSilo)[])[(old, heir), (heir, old)])
            {
                var disturbance = run.Disturb($"the disk of {from.Name} moves to {to.Name}", from, to);
                await _cluster.KillAsync(from);
                var absence = run.BeginAbsence(from);
                foreach (var queue in run.QueuesOf(old))
                {
                    run.AddHome(queue, to.Name);
                }

                run.EndAbsence(absence);
                await _cluster.StartAsync(to);
                await run.HealAsync();
                scenario.Note(run, disturbance, "SIGKILL, disk started as another silo", $"{from.Name} -> {to.Name}");
            }
        });
    }

    /// <remarks>
    /// Goal: a copy of a disk never serves, and whoever has the original is not disturbed.
    /// Method: copy the disk of a stopped silo, start that one again, and then start the copy under load.
    /// </remarks>
    [Fact]
    public Task A_copied_disk_is_refused()
    {
        var scenario = new Scenario(_cluster, output, "copied disk");
        var silo = _cluster.Silos[0];
        var copy = _cluster.Add();
        return scenario.PlayAsync(nameof(A_copied_disk_is_refused), async run =>
        {
            var disturbance = run.Disturb($"{silo.Name} stopped to be copied", silo);
            Assert.Equal(0, await _cluster.StopAsync(silo));
            (await ToolRun.RunAsync("cp", "-r", silo.DataDirectory, copy.DataDirectory)).MustSucceed("cp");
            await _cluster.StartAsync(silo);
            await run.HealAsync();

            var started = run.Disturb("the copy is started");
            copy.Launch();
            Assert.Equal(1, await copy.Process.WaitForExitAsync());
            Assert.Contains(
                copy.Output.Split('\n'),
                line => line.StartsWith("siberite: the data directory is a copy", StringComparison.Ordinal));
            await run.HealAsync();
            scenario.Note(run, disturbance, "SIGTERM, disk copied, started again", "");
            scenario.Note(run, started, "the copy is started", "refused with one line, exit code 1");
        });
    }

    /// <remarks>
    /// Goal: a queue changes its home under load without a loss, in order, and with no more than a pause.
    /// Method: move queues, chosen by chance, to other silos, one after the other.
    /// </remarks>
    [Fact]
    public Task Queues_move_under_load()
    {
        var scenario = new Scenario(_cluster, output, "moves");
        return scenario.PlayAsync(nameof(Queues_move_under_load), async run =>
        {
            var random = new Random(run.Seed);
            var homes = run.StrictQueues.ToDictionary(queue => queue, queue => run.HomesOf(queue).Single());
            for (var move = 0; move < Campaign.Current.Moves; move++)
            {
                var queue = homes.Keys.Order().ElementAt(random.Next(homes.Count));
                var targets = _cluster.Silos.Silos.Take(3).Where(silo => silo.Name != homes[queue]).ToArray();
                var target = targets[random.Next(targets.Length)];
                var disturbance = run.DisturbQueue($"{queue} moves to {target.Name}", queue);
                run.AddHome(queue, target.Name);
                var begun = await _cluster.AskAdminAsync(
                    _cluster.Silos[0], HttpMethod.Post, $"api/queues/{queue}/move?to={target.Name}");
                var id = begun.GetProperty("move").GetGuid();
                await Poll.UntilAsync(
                    async () => await StepAsync(queue, id) is "Done" or "Failed", "the move is over", Poll.Patience);
                Assert.Equal("Done", await StepAsync(queue, id));
                homes[queue] = target.Name;
                await run.HealAsync();
                scenario.Note(run, disturbance, "a queue moves", "");
            }
        }, use: QueueUse.Loose);
    }

    /// <remarks>
    /// Goal: a silo is emptied under load without a loss, and can be stopped then without anybody hearing of it but its
    /// own connections.
    /// Method: drain a silo until it is empty, stop it, start it again and end the drain.
    /// </remarks>
    [Fact]
    public Task A_silo_is_drained_and_retired()
    {
        var scenario = new Scenario(_cluster, output, "drain");
        var leaving = _cluster.Silos[1];
        return scenario.PlayAsync(nameof(A_silo_is_drained_and_retired), async run =>
        {
            var queues = run.QueuesOf(leaving);
            var moves = queues.Select(queue => run.DisturbQueue($"{queue} is given away", queue)).ToArray();
            foreach (var queue in queues)
            {
                run.AddHome(queue, _cluster.Silos[0].Name);
                run.AddHome(queue, _cluster.Silos[2].Name);
            }

            await DrainAsync(leaving, "");
            await Poll.UntilAsync(
                async () => (await _cluster.AskAdminAsync(
                    _cluster.Silos[0], HttpMethod.Get, $"api/silos/{leaving.Name}/drain")).GetProperty("isEmpty")
                    .GetBoolean(),
                "the silo is empty", TimeSpan.FromMinutes(2));
            await run.HealAsync();
            scenario.Note(run, moves[0], "a silo is drained", $"{queues.Count} queues given away");

            var stop = run.Disturb($"{leaving.Name} is retired", leaving);
            Assert.Equal(0, await _cluster.StopAsync(leaving));
            await run.HealAsync();
            scenario.Note(run, stop, "the empty silo is stopped", "its former queues are among those seen");
            await _cluster.StartAsync(leaving);
            await DrainAsync(leaving, "?stop=true");
            await run.HealAsync();
        }, use: QueueUse.StrictOnly);
    }

    private Task<JsonElement> DrainAsync(ClusterSilo silo, string query)
        => _cluster.AskAdminAsync(_cluster.Silos[0], HttpMethod.Post, $"api/silos/{silo.Name}/drain{query}");

    private async Task<string?> StepAsync(string queue, Guid move)
        => (await _cluster.AskAdminAsync(_cluster.Silos[0], HttpMethod.Get, $"api/queues/{queue}/move?move={move}"))
            .GetProperty("step").GetString();

    /// <summary>An item goes in at a guest, where its queue is at home, and out at another silo.</summary>
    private async Task PassOnAsync(ClusterSilo guest, string queue, int number)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var there = await _cluster.ConnectAsync(guest, cancellation);
        Assert.Equal("STORED", await there.Wire.SetAsync(queue, (uint)number, "x"u8.ToArray(), cancellation));
        await using var here = await _cluster.ConnectAsync(_cluster.Silos[0], cancellation);
        var reply = await here.Wire.GetAsync(queue, cancellation);
        Assert.True(reply.Item?.Flags == number, $"join {number} of {guest.Name}: {reply.Line}");
    }
}
