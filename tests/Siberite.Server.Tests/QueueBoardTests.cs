using Microsoft.Extensions.Time.Testing;
using Siberite.Contracts;
using Siberite.Server.Admin;

namespace Siberite.Server.Tests;

public sealed class QueueBoardTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<QueueStats> _queues = [];
    private int _readCount;

    [Fact]
    public void Rates_need_two_looks()
    {
        var board = NewBoard();
        _queues.Add(Queue("q", appended: 100, closed: 40));
        Assert.Null(Assert.Single(board.Read().Rows).InPerSecond);

        _time.Advance(TimeSpan.FromSeconds(2));
        _queues[0] = Queue("q", appended: 150, closed: 50);
        var row = Assert.Single(board.Read().Rows);

        Assert.Equal(25, row.InPerSecond);
        Assert.Equal(5, row.OutPerSecond);
    }

    [Fact]
    public void Many_askers_cost_one_look_a_second()
    {
        var board = NewBoard();
        for (var i = 0; i < 20; i++)
        {
            board.Read();
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(2, _readCount);
    }

    [Fact]
    public void A_queue_made_again_counts_from_zero_and_a_new_one_too()
    {
        var board = NewBoard();
        _queues.Add(Queue("again", appended: 100));
        board.Read();

        _time.Advance(TimeSpan.FromSeconds(1));
        _queues[0] = Queue("again", appended: 3);
        _queues.Add(Queue("new", appended: 7));
        var rows = board.Read().Rows;

        Assert.Equal([3, 7], rows.Select(row => row.InPerSecond!.Value));
    }

    [Fact]
    public void A_look_after_a_long_silence_claims_no_rates()
    {
        var board = NewBoard();
        _queues.Add(Queue("q", appended: 100));
        board.Read();

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(board.Read().Totals.InPerSecond);
    }

    [Fact]
    public void The_first_rows_are_those_of_all_queues()
    {
        var board = NewBoard();
        _queues.AddRange(Enumerable.Range(0, 2_000).Select(i => Queue($"q{i:0000}", items: i % 1_000)));

        var first = board.Read().Find(filter: "", QueueOrder.Named("items"), descending: true).Take(3);

        Assert.Equal(["q0999", "q1999", "q0998"], first.Select(row => row.Name));
        Assert.Equal(2_000, board.Read().Totals.Queues);
        Assert.Equal(2 * 499_500, board.Read().Totals.Items);
    }

    [Fact]
    public void A_filter_is_part_of_a_name_in_any_case()
    {
        var board = NewBoard();
        _queues.AddRange([Queue("Orders"), Queue("orders_errors"), Queue("mail")]);

        var found = board.Read().Find(filter: "ORDERS", QueueOrder.Named("name"), descending: false);

        Assert.Equal(["Orders", "orders_errors"], found.Select(row => row.Name));
        Assert.Equal(2, board.Read().CountMatching("ORDERS"));
    }

    [Fact]
    public void Age_is_that_of_the_next_item_and_never_negative()
    {
        var board = NewBoard();
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _queues.AddRange(
            [Queue("old", oldest: now - 1_500), Queue("empty", oldest: 0), Queue("ahead", oldest: now + 5_000)]);

        Assert.Equal([1.5, null, 0], board.Read().Rows.Select(row => row.OldestSeconds));
    }

    [Fact]
    public async Task The_board_of_all_silos_says_where_a_queue_lives_and_keeps_rates_of_shards_apart()
    {
        var (one, two) = (new StoreId(Guid.NewGuid()), new StoreId(Guid.NewGuid()));
        var ofOne = Queue("q", appended: 10) with { Store = one };
        var ofTwo = Queue("q", appended: 20) with { Store = two };
        SiloStats[] silos =
        [
            new(one, "one", IsAway: false, IsDraining: false, 1, 0, Report: null),
            new(two, "two", IsAway: false, IsDraining: false, 1, 0, Report: null),
        ];
        using var board = new ClusterBoard(() => new(new ClusterStats([ofOne, ofTwo], silos)), _time);
        await board.ReadAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        (ofOne, ofTwo) = (ofOne with { AppendedCount = 11 }, ofTwo with { AppendedCount = 25 });

        var look = await board.ReadAsync();

        Assert.Equal([("one", 1.0), ("two", 5.0)], look.Rows.Select(row => (row.Silo, row.InPerSecond!.Value)));
        Assert.Equal(2, look.Silos.Count);
    }

    private static QueueStats Queue(
        string name, long items = 0, long oldest = 0, long appended = 0, long closed = 0)
        => new(name, default, items, 0, oldest, 0, 0, appended, 0, closed, 0, 0, 0, 0, IsUnreadable: false);

    private QueueBoard NewBoard() => new(
        () =>
        {
            _readCount++;
            return [.. _queues];
        },
        _time);
}
