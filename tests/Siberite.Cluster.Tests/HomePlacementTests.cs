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
}
