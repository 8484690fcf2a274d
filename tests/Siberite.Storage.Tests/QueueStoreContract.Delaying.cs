using System.Buffers;
using System.Text;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

// Delayed items and ids.
public abstract partial class QueueStoreContract
{
    [Fact]
    public void Delayed_items_come_back_in_order_of_due_time_then_number()
    {
        var header = new ItemHeader(0, uint.MaxValue, 5, long.MaxValue, 0, Deliveries: 3);
        Store.Commit(batch =>
        {
            batch.AppendDelayed(7, new DelayedKey(300, 1), header, new(Encoding.ASCII.GetBytes("c")));
            batch.AppendDelayed(7, new DelayedKey(100, 3), header, new(Encoding.ASCII.GetBytes("b")));
            batch.AppendDelayed(7, new DelayedKey(100, 2), header, ReadOnlySequence<byte>.Empty);
            batch.AppendDelayed(8, new DelayedKey(50, 1), header, new(Encoding.ASCII.GetBytes("of another")));
            batch.Append(7, 1, "an item");
        });
        tested.Reopen();

        Assert.Equal([(100L, 2L), (100, 3), (300, 1)], Delayed(7, default, long.MaxValue).Select(Key));
        Assert.Equal(["", "b", "c"], Delayed(7, default, long.MaxValue).Select(Text));
        Assert.All(Delayed(7, default, long.MaxValue), item => Assert.Equal(header, item.Item.Header));
        Assert.Equal(["", "b"], Delayed(7, default, 101).Select(Text));
        Assert.Empty(Delayed(7, default, 100));
        Assert.Equal(["b", "c"], Delayed(7, new DelayedKey(100, 3), long.MaxValue).Select(Text));
        Assert.Equal([""], Delayed(7, default, long.MaxValue, maxCount: 1).Select(Text));
        Assert.Equal(["", "b"], Delayed(7, default, long.MaxValue, maxBytes: 1).Select(Text));
        Assert.Equal(new DelayedKey(100, 2), Store.FindDelayed(7, default));
        Assert.Equal(new DelayedKey(300, 1), Store.FindDelayed(7, new DelayedKey(100, 4)));
        Assert.Null(Store.FindDelayed(7, new DelayedKey(300, 2)));
        Assert.Null(Store.FindDelayed(9, default));
        Assert.Equal(["an item"], Store.ReadTexts(7, 1, long.MaxValue));
    }

    [Fact]
    public void Delayed_items_are_removed_one_by_one_or_all()
    {
        Store.Commit(batch =>
        {
            foreach (var queueId in (long[])[1, 2])
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                for (var number = 1; number <= 3; number++)
                {
                    batch.AppendDelayed(queueId, new DelayedKey(10, number), default, new([(byte)('0' + number)]));
                }

                batch.PutDelayedState(queueId, new DelayedState(3, 3, 4));
            }
        });
        Store.Commit(batch =>
        {
            batch.RemoveDelayed(1, new DelayedKey(10, 1));
            batch.RemoveDelayed(1, new DelayedKey(10, 9));
            batch.PutDelayedState(1, new DelayedState(2, 2, 4));
            batch.DropDelayed(2);
            batch.AppendDelayed(2, new DelayedKey(5, 4), default, new("4"u8.ToArray()));
        });
        tested.Reopen();

        Assert.Equal(["2", "3"], Delayed(1, default, long.MaxValue).Select(Text));
        Assert.Equal(["4"], Delayed(2, default, long.MaxValue).Select(Text));
        Assert.Equal(new DelayedState(2, 2, 4), Store.ReadExtras(1).Delayed);
        Assert.Equal(
            [new DelayedState(2, 2, 4), new DelayedState(3, 3, 4)],
            Store.LoadQueues().OrderBy(queue => queue.Record.Id).Select(queue => queue.Extras.Delayed));
    }

    [Fact]
    public void An_id_is_found_by_its_bytes_and_in_its_order()
    {
        Store.Commit(batch =>
        {
            batch.PutQueue(new QueueRecord(1, "q1", 0));
            batch.PutQueue(new QueueRecord(2, "q2", 0));
            batch.PutId(1, 1, seenAt: 100, "a"u8);
            batch.PutId(1, 2, seenAt: 200, "ab"u8);
            batch.PutId(1, 3, seenAt: 300, "a"u8);
            batch.PutId(2, 9, seenAt: 900, "a"u8);
        });
        tested.Reopen();

        Assert.Equal(new SeenId(3, 300), Store.FindId(1, "a"u8));
        Assert.Equal(new SeenId(2, 200), Store.FindId(1, "ab"u8));
        Assert.Equal(new SeenId(9, 900), Store.FindId(2, "a"u8));
        Assert.Null(Store.FindId(1, "abc"u8));
        Assert.Null(Store.FindId(3, "a"u8));
        Assert.Equal(["1 100 a", "2 200 ab", "3 300 a"], Ids(1, 1));
        Assert.Equal(["2 200 ab"], Ids(1, 2, maxCount: 1));
        var extras = Store.LoadQueues().OrderBy(queue => queue.Record.Id).Select(queue => queue.Extras).ToArray();
        Assert.Equal([(1L, 3L), (9, 9)], extras.Select(each => (each.FirstIdOrdinal, each.LastIdOrdinal)));
        Assert.Equal(extras, new[] { Store.ReadExtras(1), Store.ReadExtras(2) });

        Store.Commit(batch =>
        {
            batch.RemoveId(1, "ab"u8);
            batch.TrimIds(1, 1, 3);
            batch.TrimIds(1, 3, 3);
        });
        tested.Reopen();
        Assert.Null(Store.FindId(1, "ab"u8));
        Assert.Equal(new SeenId(3, 300), Store.FindId(1, "a"u8));
        Assert.Equal(["3 300 a"], Ids(1, 1));
        Assert.Equal(3, Store.ReadExtras(1).FirstIdOrdinal);
    }

    [Fact]
    public void A_dropped_queue_leaves_nothing_beside_its_items()
    {
        Store.Commit(batch =>
        {
            foreach (var queueId in (long[])[1, 2])
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                batch.AppendDelayed(queueId, new DelayedKey(10, 1), default, new("d"u8.ToArray()));
                batch.PutDelayedState(queueId, new DelayedState(1, 1, 2));
                batch.PutId(queueId, 1, seenAt: 1, "a"u8);
            }
        });
        Store.Commit(batch => batch.DropQueue(1));
        Store.ReclaimSpace(1, long.MaxValue, isEmpty: true);
        tested.Reopen();

        Assert.Equal(default, Store.ReadExtras(1));
        Assert.Empty(Delayed(1, default, long.MaxValue));
        Assert.Null(Store.FindId(1, "a"u8));
        Assert.Equal(new QueueExtras(new DelayedState(1, 1, 2), 1, 1), Assert.Single(Store.LoadQueues()).Extras);
        Assert.Equal(["d"], Delayed(2, default, long.MaxValue).Select(Text));
        Assert.NotNull(Store.FindId(2, "a"u8));
    }

    [Fact]
    public void Counts_of_deliveries_are_replaced_removed_and_dropped_with_their_queue()
    {
        Store.Commit(batch =>
        {
            foreach (var queueId in (long[])[1, 2])
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                batch.PutDeliveries(queueId, new Deliveries(0, 7, 1));
                batch.PutDeliveries(queueId, new Deliveries(0, 8, 1));
                batch.PutDeliveries(queueId, new Deliveries(3, 7, 5));
            }
        });
        Store.Commit(batch =>
        {
            batch.PutDeliveries(1, new Deliveries(0, 7, 2));
            batch.RemoveDeliveries(1, reader: 0, sequence: 8);
            batch.RemoveDeliveries(1, reader: 9, sequence: 9);
            batch.DropQueue(2);
        });
        tested.Reopen();

        Deliveries[] expected = [new(0, 7, 2), new(3, 7, 5)];
        Assert.Equal(expected, Assert.Single(Store.LoadQueues()).Extras.Deliveries!);
        Assert.Equal(expected, Store.ReadExtras(1).Deliveries!);
        Assert.Null(Store.ReadExtras(2).Deliveries);
    }

    private static (long DueAt, long Number) Key(DelayedItem item) => (item.Key.DueAt, item.Key.Number);

    private static string Text(DelayedItem item) => Encoding.ASCII.GetString(item.Item.Payload);

    private List<DelayedItem> Delayed(
        long queueId, DelayedKey first, long dueLimit, int maxCount = 100, long maxBytes = long.MaxValue)
    {
        var found = new List<DelayedItem>();
        Store.ReadDelayed(queueId, first, dueLimit, maxCount, maxBytes, found);
        return found;
    }

    private string[] Ids(long queueId, long first, int maxCount = 100)
    {
        var found = new List<StoredId>();
        Store.ReadIds(queueId, first, maxCount, found);
        return [.. found.Select(id => $"{id.Seen.Ordinal} {id.Seen.SeenAt} {Encoding.ASCII.GetString(id.Id)}")];
    }
}
