using System.Text;
using Orleans.Configuration;
using Orleans.Hosting;
using Siberite.Contracts;
using static Siberite.Cluster.Tests.Shorthand;

namespace Siberite.Cluster.Tests;

/// <summary>What a silo takes from the others at a time.</summary>
public sealed class LimitTests
{
    /// <remarks>
    /// Goal: a queue with its fill of calls says so, and loses nothing by it.
    /// Method: one call at a time is allowed and a wait is parked; a set is refused, and an abort made meanwhile arrives
    /// when the wait has ended.
    /// </remarks>
    [Fact]
    public async Task A_queue_with_its_fill_of_calls_is_busy()
    {
        await using var cluster = await TestCluster.StartAsync(
            2,
            options => options.WaitSlice = TimeSpan.FromSeconds(2),
            silo => silo.Configure<SiloMessagingOptions>(options => options.MaxEnqueuedRequestsHardLimit = 1));
        var (asker, home) = (cluster.Silos[0], cluster.Silos[1]);
        var queue = await asker.OpenAsync(asker.NameAt(home.Store.Id));
        await queue.AppendAsync(Draft("one"));
        var taken = await queue.TakeAsync(asker.Session(1), TakeMode.Open, TimeSpan.Zero);
        var wait = queue.TakeAsync(asker.Session(2), TakeMode.Plain, TimeSpan.FromSeconds(3)).AsTask();
        await TestCluster.UntilAsync(() => home.Queues.GetStats(queue.Name)[0].WaiterCount == 1);

        var refusal = await Assert.ThrowsAsync<SiberiteException>(async () => await queue.AppendAsync(Draft("two")));
        _ = queue.AbortAsync(asker.Session(1), taken.Item.Sequence);

        Assert.Equal(SiberiteError.QueueBusy, refusal.Error);
        await wait;
        await TestCluster.UntilAsync(() => home.Queues.GetStats(queue.Name)[0] is { OpenReadCount: 0 });
    }

    /// <remarks>
    /// Goal: many large items asked for at once do not make one message that is larger than silos may send.
    /// Method: 16 gets of 8 MiB together would be 128 MiB; the limit is 100 MB.
    /// </remarks>
    [Fact]
    public async Task Large_items_come_in_as_many_replies_as_they_need()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var (asker, home) = (cluster.Silos[0], cluster.Silos[1]);
        var queue = await asker.OpenAsync(asker.NameAt(home.Store.Id));
        const int Count = 16;
        for (var i = 0; i < Count; i++)
        {
            var payload = new byte[8 << 20];
            Encoding.ASCII.GetBytes($"{i:00}").CopyTo(payload, 0);
            await queue.AppendAsync(Draft(payload));
        }

        var takes = Enumerable.Range(0, Count)
            .Select(i => queue.TakeAsync(asker.Session(i + 1), TakeMode.Open, TimeSpan.Zero).AsTask()).ToArray();

        var items = await Task.WhenAll(takes);
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => $"{i:00}"),
            items.Select(item => Encoding.ASCII.GetString(item.Item.Payload.AsSpan(0, 2))));
    }
}
