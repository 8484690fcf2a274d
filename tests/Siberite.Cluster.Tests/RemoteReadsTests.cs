using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Queues;
using Siberite.Testing.Stores;
using static Siberite.Cluster.Tests.Shorthand;
using ClusterOptions = Siberite.Contracts.ClusterOptions;

namespace Siberite.Cluster.Tests;

public sealed class RemoteReadsTests : IDisposable
{
    private static readonly QueueName Work = QueueName.Parse("work");
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryQueueStore _store = new();
    private readonly LocalQueues _queues;
    private readonly RemoteReads _reads;

    public RemoteReadsTests()
    {
        _queues = TestSilo.NewEngine(_store, _time);
        _reads = new RemoteReads(_queues, Options.Create(new ClusterOptions { WaitSlice = Slice }), _time);
    }

    public void Dispose()
    {
        _reads.Dispose();
        _queues.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task A_wait_keeps_its_place_from_slice_to_slice()
    {
        var first = WaitSlice(Session(1));
        _time.Advance(Slice);
        Assert.Null(await first);
        var second = WaitSlice(Session(2));
        var renewed = WaitSlice(Session(1));

        await AppendAsync("one");

        Assert.Equal("one", (await renewed)!.Value.Text());
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task A_slice_finds_the_item_that_came_between_slices()
    {
        var first = WaitSlice(Session(1));
        _time.Advance(Slice);
        Assert.Null(await first);

        await AppendAsync("one");

        Assert.Equal("one", (await WaitSlice(Session(1)))!.Value.Text());
    }

    [Fact]
    public async Task A_wait_that_nobody_renews_ends_and_what_it_won_goes_back_to_its_place()
    {
        var slice = WaitSlice(Session(1));
        _time.Advance(Slice);
        Assert.Null(await slice);
        await AppendAsync("one");
        await AppendAsync("two");

        _time.Advance(2 * Slice);

        Assert.Equal(0, _reads.WaitCount);
        Assert.Equal("one", (await TakeAsync(Session(2))).Text());
    }

    [Fact]
    public async Task A_wait_ends_empty_when_its_whole_time_is_over()
    {
        var slice = WaitSlice(Session(1), TimeSpan.FromSeconds(7));
        _time.Advance(Slice);
        Assert.Null(await slice);
        var renewed = WaitSlice(Session(1), TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(TakeStatus.Empty, (await renewed)!.Value.Status);
        Assert.Equal(0, _reads.WaitCount);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_empty_and_takes_no_item()
    {
        var slice = WaitSlice(Session(1));

        _reads.Cancel(Work, cursor: null, Session(1));
        await AppendAsync("one");

        Assert.Equal(TakeStatus.Empty, (await slice)!.Value.Status);
        Assert.Equal("one", (await TakeAsync(Session(2))).Text());
    }

    [Fact]
    public async Task A_wait_cancelled_between_slices_gives_back_what_it_won()
    {
        var slice = WaitSlice(Session(1));
        _time.Advance(Slice);
        Assert.Null(await slice);
        await AppendAsync("one");

        _reads.Cancel(Work, cursor: null, Session(1));

        Assert.Equal("one", (await TakeAsync(Session(2))).Text());
    }

    [Fact]
    public async Task What_a_recalled_wait_won_goes_back_and_closed_items_do_not()
    {
        await AppendAsync("one");
        await AppendAsync("two");
        var closed = await WaitSlice(Session(1));
        await _queues.Open(Work).CloseAsync(Session(1), closed!.Value.Item.Sequence);
        _reads.Forget(Work, cursor: null, Session(1), closed.Value.Item.Sequence);
        await WaitSlice(Session(1));

        await _reads.RecallAsync(Work, cursor: null, Session(1));
        await _reads.RecallAsync(Work, cursor: null, Session(1));

        Assert.Equal("two", (await TakeAsync(Session(2))).Text());
        Assert.Equal(TakeStatus.Empty, (await TakeAsync(Session(2))).Status);
    }

    [Fact]
    public async Task A_recall_ends_a_wait()
    {
        var slice = WaitSlice(Session(1));

        await _reads.RecallAsync(Work, cursor: null, Session(1));
        await AppendAsync("one");

        _time.Advance(Slice);
        Assert.Null(await slice);
        Assert.Equal("one", (await TakeAsync(Session(2))).Text());
    }

    private async Task<TakeResult?> WaitSlice(SessionId session, TimeSpan? wait = null)
        => await _reads.WaitSliceAsync(Work, cursor: null, session, TakeMode.Plain, wait ?? Minute);

    private Task<TakeResult> TakeAsync(SessionId session)
        => _queues.Open(Work).TakeAsync(session, TakeMode.Plain, TimeSpan.Zero).AsTask();

    private async Task AppendAsync(string payload) => await _queues.Open(Work).AppendAsync(Draft(payload));
}
