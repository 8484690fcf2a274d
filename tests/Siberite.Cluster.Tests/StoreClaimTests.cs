using Siberite.Contracts;
using Siberite.Testing.Stores;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>One store, one silo.</summary>
public sealed class StoreClaimTests
{
    [Fact]
    public async Task A_copied_disk_is_refused_and_never_asked()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (owner, other) = (cluster.Silos[0], cluster.Silos[1]);
        var name = other.NameAt(owner.Store.Id);
        await (await other.OpenAsync(name)).AppendAsync(Draft("one"));

        var refusal = await Assert.ThrowsAsync<DuplicateStoreException>(() => cluster.StartAsync(owner.Store.Copy()));

        Assert.Contains($"already serves its store {owner.Store.Id}", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        await (await other.OpenAsync(name)).AppendAsync(Draft("two"));
        Assert.Equal(2, owner.Queues.ItemCount);
    }

    [Fact]
    public async Task Of_two_that_start_at_once_with_one_store_exactly_one_serves_it()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        using var disk = new MemoryQueueStore();

        var starts = new[] { disk.Copy(), disk.Copy() }.Select(store => cluster.AddAsync(store)).ToArray();

        await Task.WhenAny(Task.WhenAll(starts));
        Assert.Equal(1, starts.Count(start => start.IsCompletedSuccessfully));
        Assert.Equal(1, starts.Count(start => start.Exception?.InnerException is DuplicateStoreException));
    }

    /// <remarks>As when a disk is moved while the process that had it hangs.</remarks>
    [Fact]
    public async Task A_silent_holder_is_waited_for_until_it_is_declared_dead()
    {
        var calls = new CallCounter { Before = NeverAnswerPings };
        await using var cluster = await TestCluster.StartAsync(
            2, configureSilo: silo => silo.AddIncomingGrainCallFilter(calls));
        var (holder, other) = (cluster.Silos[0], cluster.Silos[1]);
        var starting = cluster.AddAsync(holder.Store.Copy());
        await TestCluster.UntilAsync(() => starting.IsCompleted || calls[nameof(ISiloGrain.PingAsync)] >= 2);
        Assert.False(starting.IsCompleted);

        await TestCluster.DeclareDeadAsync(other, holder);
        var successor = await starting;

        Assert.True(successor.Get<LocalSilo>().HasStore);
        Assert.Equal(2, successor.Get<LocalSilo>().Report.ClaimNumber);

        static void NeverAnswerPings(IIncomingGrainCallContext call)
        {
            if (call.MethodName == nameof(ISiloGrain.PingAsync))
            {
                throw new TimeoutException("The test keeps the silo silent.");
            }
        }
    }

    [Fact]
    public async Task A_silo_whose_store_was_claimed_by_another_stops_and_serves_nobody()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (loser, other) = (cluster.Silos[0], cluster.Silos[1]);
        var name = other.NameAt(loser.Store.Id);
        await (await other.OpenAsync(name)).AppendAsync(Draft("one"));
        cluster.Storage.Change<StoreState>($"store/{loser.Store.Id}", state =>
        {
            state.Silo = other.Address.ToParsableString();
            state.ClaimNumber++;
        });
        await cluster.DeactivateAllAsync();

        await loser.Get<StoreClaimer>().CheckAsync();

        Assert.Contains("claimed by another silo", loser.Get<IStoreClaim>().Loss, StringComparison.Ordinal);
        Assert.True(loser.IsStopping);
        var refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () =>
            {
                // As a gateway does: a home that had served it and is away is asked for once more.
                while ((await (await other.OpenAsync(name)).AppendAsync(Draft("two"))).Status == AppendStatus.Gone)
                {
                }
            });
        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
    }

    [Fact]
    public async Task Storage_that_is_away_takes_no_store_from_anybody()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var silo = cluster.Silos[0];
        cluster.Storage.IsAway = true;

        await silo.Get<StoreClaimer>().CheckAsync();

        Assert.True(silo.Get<LocalSilo>().HasStore);
    }

    [Fact]
    public async Task A_store_that_will_not_come_back_can_be_forgotten_but_not_one_that_is_here()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (gone, other) = (cluster.Silos[0], cluster.Silos[1]);
        var record = other.Grains.GetGrain<IStoreGrain>(gone.Store.Id.ToString());
        Assert.False(await record.ForgetAsync());
        await cluster.StopAsync(gone);
        await cluster.UntilKnownAsync(gone, isHere: false);

        Assert.True(await record.ForgetAsync());

        await other.View.RefreshAsync();
        var stats = await other.Router.GetStatsAsync(name: null, StatsScope.Cluster);
        Assert.Equal(other.Store.Id, Assert.Single(stats.Silos).Store);
    }
}
