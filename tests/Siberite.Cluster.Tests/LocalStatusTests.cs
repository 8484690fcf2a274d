using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

public sealed class LocalStatusTests : IDisposable
{
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly List<IDisposable> _owned = [];

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    [Fact]
    public void Without_a_grace_period_every_change_counts_at_once_and_is_told()
    {
        var status = Start(new MemoryQueueStore(), TimeSpan.Zero);
        var told = new List<ServiceStatus>();
        status.Changed += () => told.Add(status.InForce);

        status.Change(ServiceStatus.Quiescent);
        status.Change(ServiceStatus.ReadOnly);

        Assert.Equal([ServiceStatus.Quiescent, ServiceStatus.ReadOnly], told);
    }

    [Fact]
    public void A_stricter_status_counts_after_the_grace_period()
    {
        var status = Start(new MemoryQueueStore(), GracePeriod);

        status.Change(ServiceStatus.ReadOnly);
        _time.Advance(GracePeriod - TimeSpan.FromTicks(1));

        Assert.Equal((ServiceStatus.ReadOnly, ServiceStatus.Up), (status.Wanted, status.InForce));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(ServiceStatus.ReadOnly, status.InForce);
    }

    [Fact]
    public void A_looser_status_counts_at_once_and_takes_back_what_was_to_come()
    {
        var status = Start(new MemoryQueueStore(), GracePeriod);
        status.Change(ServiceStatus.Quiescent);

        status.Change(ServiceStatus.ReadOnly);
        Assert.Equal(ServiceStatus.ReadOnly, status.InForce);
        status.Change(ServiceStatus.Up);

        Assert.Equal(ServiceStatus.Up, status.InForce);
        _time.Advance(2 * GracePeriod);
        Assert.Equal(ServiceStatus.Up, status.InForce);
    }

    [Fact]
    public void The_same_status_again_does_not_cut_the_grace_period_short()
    {
        var status = Start(new MemoryQueueStore(), GracePeriod);
        status.Change(ServiceStatus.ReadOnly);

        status.Change(ServiceStatus.ReadOnly);

        Assert.Equal(ServiceStatus.Up, status.InForce);
        _time.Advance(GracePeriod);
        Assert.Equal(ServiceStatus.ReadOnly, status.InForce);
    }

    /// <remarks>A restart ends the grace period: clients had to find other silos anyway.</remarks>
    [Fact]
    public void The_status_survives_a_kill_once_its_commit_is_done()
    {
        var store = new MemoryQueueStore();
        var status = Start(store, GracePeriod, out var queues);
        var commit = status.Change(ServiceStatus.Quiescent);
        queues.Commits.Request(commit);
        Assert.True(queues.Commits.IsDone(commit));

        var restarted = Start(store.Kill(), GracePeriod);

        Assert.Equal((ServiceStatus.Quiescent, ServiceStatus.Quiescent), (restarted.Wanted, restarted.InForce));
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 4 })]
    [InlineData(new byte[] { 1, 1 })]
    public void A_stored_status_that_makes_no_sense_counts_as_none(byte[] stored)
    {
        var store = new MemoryQueueStore();
        Start(store, TimeSpan.Zero, out var queues);
        queues.Commits.Request(queues.PutState("silo/status", stored));

        Assert.Equal(ServiceStatus.WriteAvoid, Start(store.Kill(), TimeSpan.Zero).InForce);
    }

    private LocalStatus Start(MemoryQueueStore store, TimeSpan gracePeriod) => Start(store, gracePeriod, out _);

    private LocalStatus Start(MemoryQueueStore store, TimeSpan gracePeriod, out LocalQueues queues)
    {
        queues = new LocalQueues(
            store, new EngineOptions(), new StorageOptions { Durability = Durability.Os }, _time,
            NullLogger<LocalQueues>.Instance);
        var isFirst = store.ReadState("silo/status") is null;
        var options = new GatewayOptions
        {
            StatusChangeGracePeriod = gracePeriod,
            DefaultStatus = isFirst ? ServiceStatus.Up : ServiceStatus.WriteAvoid,
        };
        var status = new LocalStatus(queues, Options.Create(options), _time, NullLogger<LocalStatus>.Instance);
        _owned.AddRange([status, queues, store]);
        return status;
    }
}
