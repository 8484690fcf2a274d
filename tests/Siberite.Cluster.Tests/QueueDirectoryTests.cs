using Siberite.Contracts;
using Siberite.Testing.Stores;

namespace Siberite.Cluster.Tests;

public sealed class QueueDirectoryTests
{
    [Fact]
    public async Task A_home_record_is_on_disk_before_the_directory_answers()
    {
        using var store = new MemoryQueueStore();
        ResolvedHome made;
        await using (var silo = await TestSilo.StartAsync(store))
        {
            using var gate = store.BlockNextSync();
            var opening = silo.Directory("work").OpenAsync(store.Id).AsTask();
            await gate.Reached;
            Assert.False(opening.IsCompleted);
            gate.Open();
            made = await opening;
        }

        using var afterPowerCut = store.Crash();
        await using var restarted = await TestSilo.StartAsync(afterPowerCut);

        var found = await restarted.Directory("work").FindAsync();
        Assert.NotNull(found);
        Assert.Equal([store.Id], found.Home.Stores);
        Assert.Equal(made.Home.CreatedAt, found.Home.CreatedAt);
        Assert.Equal(QueueMode.Strict, found.Home.Mode);
    }

    [Fact]
    public async Task The_first_proposal_wins()
    {
        using var store = new MemoryQueueStore();
        await using var silo = await TestSilo.StartAsync(store);
        var later = new StoreId(Guid.NewGuid());

        await silo.Directory("work").OpenAsync(store.Id);

        Assert.Equal([store.Id], (await silo.Directory("work").OpenAsync(later)).Home.Stores);
    }

    [Fact]
    public async Task A_deleted_record_is_gone_after_a_power_cut_and_may_be_made_anew()
    {
        using var store = new MemoryQueueStore();
        await using (var silo = await TestSilo.StartAsync(store))
        {
            await silo.Directory("work").OpenAsync(store.Id);
            await silo.Directory("work").DeleteAsync();
            await silo.Directory("work").DeleteAsync();
        }

        using var afterPowerCut = store.Crash();
        await using var restarted = await TestSilo.StartAsync(afterPowerCut);

        Assert.Null(await restarted.Directory("work").FindAsync());
        Assert.Equal([store.Id], (await restarted.Directory("work").OpenAsync(store.Id)).Home.Stores);
    }

    [Fact]
    public async Task A_record_that_could_not_be_written_is_not_answered()
    {
        using var store = new MemoryQueueStore();
        await using var silo = await TestSilo.StartAsync(store);
        store.FailSync(1);

        var failure = await Assert.ThrowsAsync<SiberiteException>(async () => await silo.OpenAsync("work"));

        Assert.Equal(SiberiteError.StorageFailed, failure.Error);
    }
}
