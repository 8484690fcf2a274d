using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Siberite.Contracts;
using Siberite.Testing;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

public sealed class StandaloneSiloTests
{
    [Fact]
    public async Task Two_silos_run_side_by_side_and_listen_nowhere()
    {
        await using var one = await TestSilo.StartAsync(new MemoryQueueStore());
        await using var other = await TestSilo.StartAsync(new MemoryQueueStore());

        await one.OpenAsync("work");
        await other.OpenAsync("work");

        Assert.Empty(ListeningSocketsOfThisProcess());
    }

    [Fact]
    public async Task A_silo_is_ready_from_its_start_until_its_stop()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore());
        var readiness = silo.Services.GetRequiredService<ISiloReadiness>();
        Assert.True(readiness.IsActive);

        await silo.StopAsync();

        Assert.False(readiness.IsActive);
    }

    /// <remarks>There may be very many queues, and an activation takes more memory than an idle queue.</remarks>
    [Fact]
    public async Task What_makes_queues_leaves_no_activations_behind()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore());
        for (var i = 0; i < 50; i++)
        {
            await silo.OpenAsync($"queue{i}");
        }

        var management = silo.Grains.GetGrain<IManagementGrain>(0);
        await Poll.UntilAsync(
            async () => (await management.GetSimpleGrainStatistics()).All(
                grain => !grain.GrainType.Contains("Queue", StringComparison.Ordinal) || grain.ActivationCount == 0),
            "the queues' grains have gone", Poll.Patience);
        Assert.All(Enumerable.Range(0, 50), i => Assert.NotNull(silo.Queues.FindOpened(QueueName.Parse($"queue{i}"))));
    }

    /// <remarks>A parked call would hold the silo's stop until its slice ends. Its reply may be lost: gateways stop
    /// before the silo.</remarks>
    [Fact]
    public async Task A_stop_does_not_wait_for_waits()
    {
        await using var silo = await TestSilo.StartAsync(
            new MemoryQueueStore(), QueueRoute.Grain, waitSlice: TimeSpan.FromSeconds(10));
        _ = silo.QueueGrain("work")
            .WaitAsync(
                new GatewayAddress(1, SiloAddress.Zero), new SessionId(1, 1), TakeMode.Plain, TimeSpan.FromHours(1))
            .AsTask();
        var reads = silo.Services.GetRequiredService<RemoteReads>();
        while (reads.WaitCount == 0)
        {
            await Task.Yield();
        }

        await silo.StopAsync();

        Assert.Equal(0, reads.WaitCount);
    }

    private static string[] ListeningSocketsOfThisProcess()
    {
        const string Listening = "0A";
        var listening = Directory.EnumerateFiles("/proc/self/net", "tcp*")
            .SelectMany(table => File.ReadLines(table).Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[3] == Listening)
            .Select(columns => string.Create(CultureInfo.InvariantCulture, $"socket:[{columns[9]}]"))
            .ToHashSet();
        return [.. Directory.EnumerateFiles("/proc/self/fd")
            .Select(file => new FileInfo(file).LinkTarget)
            .OfType<string>()
            .Where(listening.Contains)];
    }
}
