using Siberite.Ctl.Copying;

namespace Siberite.Ctl.Tests;

/// <summary>The queues that statistics of each kind of server tell of.</summary>
public sealed class QueueListTests
{
    [Fact]
    public void Keys_of_Kestrel_make_no_queues()
        => AssertNames(
            ["a", "a_total", "x_y"],
            "queue_a_items 3", "queue_a_bytes 30", "queue_a_total_items 5", "queue_a_expired_items 0",
            "queue_a_mem_items 3", "queue_a_open_transactions 0", "queue_a_total_flushes 0", "queue_a_children b,c",
            "queue_x_y_items 0", "queue_x_y_total_items 9", "queue_x_y_open_transactions 1",
            "queue_a_total_items 5", "queue_a_total_total_items 5", "queue_a_total_open_transactions 0");

    [Fact]
    public void Cursors_of_Siberite_make_no_queues()
        => AssertNames(
            ["q"],
            "queue_q_items 3", "queue_q_open_transactions 0", "queue_q.cursor_items 3",
            "queue_q.cursor_open_transactions 0");

    [Fact]
    public void Statistics_of_the_server_make_no_queues()
        => AssertNames([], "curr_items 3", "total_items 9", "version 2.4.8", "queue_creates 1", "queue_deletes 0", "");

    [Fact]
    public void Items_are_counted()
    {
        var list = new QueueList();
        list.Add("STAT queue_a_items 3");

        Assert.Equal((3, 0), (list.ItemsOf("a"), list.ItemsOf("b")));
    }

    private static void AssertNames(string[] expected, params string[] statistics)
    {
        var list = new QueueList();
        foreach (var statistic in statistics)
        {
            list.Add($"STAT {statistic}");
        }

        Assert.Equal(expected, list.Names);
    }
}
