using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>Several silos, none of which is away.</summary>
public sealed class SpreadTests
{
    [Fact]
    public async Task New_queues_spread_over_the_silos_and_all_gateways_agree()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var homes = new List<StoreId>();
        for (var i = 0; i < 180; i++)
        {
            var name = $"queue{i}";
            var opened = await Task.WhenAll(cluster.Silos.Select(silo => silo.OpenAsync(name)));
            Assert.Equal(
                AppendStatus.Stored, (await opened[i % 3].AppendAsync(Draft(name))).Status);
            homes.Add(Assert.Single(opened.Select(HomeOf).OfType<StoreId>().Distinct()));
        }

        Assert.All(cluster.Silos, silo => Assert.InRange(homes.Count(home => home == silo.Store.Id), 24, 105));

        StoreId? HomeOf(IQueue queue) => (queue as GrainQueue)?.Store; // Not of the one that is at home.
    }
}
