using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using Siberite.Contracts;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

public sealed class HomePlacementTests
{
    [Fact]
    public async Task A_queue_whose_store_no_silo_has_is_unavailable_and_is_activated_nowhere()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore());
        var foreign = new QueueAddress(QueueName.Parse("work"), new StoreId(Guid.NewGuid()));

        var refusal = await Assert.ThrowsAsync<SiberiteException>(
            async () => await silo.Grains.GetGrain<IQueueGrain>(foreign.ToKey()).OpenAsync());

        Assert.Equal(SiberiteError.QueueUnavailable, refusal.Error);
        Assert.Contains("no active silo has its store", refusal.Message, StringComparison.Ordinal);
        var active = await silo.Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        Assert.DoesNotContain(active, grain => grain.GrainId.ToString().Contains("work@", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_queue_whose_store_is_here_is_activated_here()
    {
        await using var silo = await TestSilo.StartAsync(new MemoryQueueStore());

        await silo.QueueGrain("work").OpenAsync();

        var active = await silo.Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        Assert.Single(active, grain => grain.GrainId.ToString().Contains("work@", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_two_runs_of_one_silo_the_younger_is_the_home()
    {
        await using var owner = await TestSilo.StartAsync(new MemoryQueueStore());
        await using var asker = await TestSilo.StartAsync(new MemoryQueueStore());
        var told = owner.Services.GetRequiredService<IOptions<SiloMetadata>>().Value;
        var local = Silo(port: 1, generation: 9);
        var older = Silo(port: 2, generation: 1);
        var younger = Silo(port: 2, generation: 2);
        var director = new HomePlacementDirector(asker.Queues, new FixedMetadata(told, older, younger));
        var address = new QueueAddress(QueueName.Parse("work"), owner.Queues.StoreId);

        var home = await PlaceAsync(director, address, local, [local, younger, older]);

        Assert.Equal(younger, home);
    }

    [Theory]
    [InlineData("work")]
    [InlineData("a@b")]
    [InlineData("@")]
    public void An_address_survives_its_key(string name)
    {
        var address = new QueueAddress(QueueName.Parse(name), new StoreId(Guid.NewGuid()));

        Assert.Equal(address, QueueAddress.Parse(address.ToKey()));
    }

    [Theory]
    [InlineData("work")]
    [InlineData("work@")]
    [InlineData("work@somewhere")]
    [InlineData("@0123456789abcdef0123456789abcdef")]
    public void A_key_that_is_no_address_is_refused(string key)
        => Assert.Throws<SiberiteException>(() => QueueAddress.Parse(key));

    private static SiloAddress Silo(int port, int generation)
        => SiloAddress.New(System.Net.IPAddress.Loopback, port, generation);

    private static Task<SiloAddress> PlaceAsync(
        HomePlacementDirector director, QueueAddress address, SiloAddress local, SiloAddress[] active)
        => director.OnAddActivation(
            HomePlacement.Instance,
            new PlacementTarget(GrainId.Create("queue", address.ToKey()), [], default, 0),
            new FixedContext(local, active));

    private sealed class FixedMetadata(SiloMetadata told, params SiloAddress[] tellers) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
            => tellers.Contains(siloAddress) ? told : SiloMetadata.Empty;
    }

    private sealed class FixedContext(SiloAddress local, SiloAddress[] active) : IPlacementContext
    {
        public SiloAddress LocalSilo => local;

        public SiloStatus LocalSiloStatus => SiloStatus.Active;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => active;

        public IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target)
            => throw new NotSupportedException();
    }
}
