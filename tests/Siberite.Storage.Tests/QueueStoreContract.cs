using System.Buffers;
using Siberite.Queues;

namespace Siberite.Storage.Tests;

/// <summary>What every store promises the engine. Derived classes say which store.</summary>
public abstract partial class QueueStoreContract(TestedStore tested) : IDisposable
{
    private IQueueStore Store => tested.Store;

    [Fact]
    public void A_new_store_has_no_queues_and_no_state()
    {
        Assert.Empty(Store.LoadQueues());
        Assert.Null(Store.ReadState("grain/a"));
        Assert.Empty(Store.Read(1, 1, long.MaxValue));
        Assert.True(Store.HasRoom);
    }

    [Fact]
    public void The_id_is_the_same_after_a_reopen()
    {
        var id = Store.Id;
        tested.Reopen();
        Assert.NotEqual(default, id);
        Assert.Equal(id, Store.Id);
    }

    [Fact]
    public void A_queue_is_found_with_its_reader_and_its_last_item()
    {
        Store.Commit(batch =>
        {
            batch.PutQueue(new QueueRecord(1, "work", 123));
            batch.PutQueue(new QueueRecord(2, "idle", 456));
            batch.Append(1, 1, "a");
            batch.Append(1, 2, "b");
            batch.PutReader(1, 0, new ReaderState(2, 10, new long[] { 4, 6, 9, 10 }));
            batch.PutReader(1, 1, new ReaderState(99, 990, default));
        });
        tested.Reopen();

        var queues = Store.LoadQueues().OrderBy(queue => queue.Record.Id).ToArray();
        Assert.Equal(2, queues.Length);
        Assert.Equal(new QueueRecord(1, "work", 123), queues[0].Record);
        Assert.Equal((2, 10), (queues[0].Reader.Position, queues[0].Reader.ClosedBytes));
        Assert.Equal([4, 6, 9, 10], queues[0].Reader.Closed.ToArray());
        Assert.Equal((2, 20), (queues[0].LastSequence, queues[0].AppendedBytes));
        Assert.Equal(new QueueRecord(2, "idle", 456), queues[1].Record);
        Assert.Equal((1, 0, true), ReaderOf(queues[1]));
        Assert.Equal((0, 0), (queues[1].LastSequence, queues[1].AppendedBytes));

        static (long, long, bool) ReaderOf(StoredQueue queue)
            => (queue.Reader.Position, queue.Reader.ClosedBytes, queue.Reader.Closed.IsEmpty);
    }

    [Fact]
    public void Items_come_back_whole_and_in_order_however_they_were_cut()
    {
        var header = new ItemHeader(long.MaxValue - 1, uint.MaxValue, -5, long.MaxValue, 1L << 50, ushort.MaxValue);
        Store.Commit(batch =>
        {
            batch.Append(3, 2, "second");
            batch.AppendItem(3, StoreBatches.Header(1), ReadOnlySequence<byte>.Empty);
            batch.AppendItem(3, header, InPieces("alp"u8.ToArray(), "ha"u8.ToArray()));
            batch.Append(4, 1, "of another queue");
        });

        var items = Store.Read(3, 1, long.MaxValue);
        Assert.Equal([StoreBatches.Header(1), StoreBatches.Header(2), header], items.Select(item => item.Header));
        Assert.Equal([[], "second"u8.ToArray(), "alpha"u8.ToArray()], items.Select(item => item.Payload));
    }

    [Fact]
    public void A_read_passes_over_gaps_and_keeps_to_its_bounds()
    {
        Store.Commit(batch =>
        {
            foreach (var sequence in (long[])[1, 2, 5, 9, 10])
            {
                batch.Append(7, sequence, $"{sequence}");
            }
        });

        Assert.Equal(["2", "5", "9"], Store.ReadTexts(7, 2, 10));
        Assert.Equal(["5", "9", "10"], Store.ReadTexts(7, 3, 11));
        Assert.Empty(Store.ReadTexts(7, 6, 9));
        Assert.Empty(Store.ReadTexts(7, 5, 5));
        Assert.Empty(Store.ReadTexts(7, 9, 2));
        Assert.Empty(Store.ReadTexts(8, 1, 100));
    }

    [Fact]
    public void A_read_stops_after_the_item_that_reaches_the_byte_limit()
    {
        Store.Commit(batch =>
        {
            for (var sequence = 1; sequence <= 5; sequence++)
            {
                batch.Append(1, sequence, new byte[100]);
            }
        });

        Assert.Equal(1, Count(maxBytes: 1));
        Assert.Equal(1, Count(maxBytes: 100));
        Assert.Equal(2, Count(maxBytes: 101));
        Assert.Equal(5, Count(maxBytes: 10_000));

        int Count(long maxBytes)
        {
            var items = new List<StoredItem>();
            Store.ReadItems(1, 1, long.MaxValue, maxBytes, items);
            return items.Count;
        }
    }

    [Fact]
    public void An_item_written_again_replaces_the_first()
    {
        Store.Commit(batch => batch.Append(1, 1, "first"));
        Store.Commit(batch => batch.Append(1, 1, "again"));
        Assert.Equal(["again"], Store.ReadTexts(1, 1, 10));
    }

    [Fact]
    public void Trimming_twice_and_trimming_nothing_are_harmless()
    {
        Store.Commit(batch =>
        {
            batch.PutQueue(new QueueRecord(1, "work", 0));
            for (var sequence = 1; sequence <= 9; sequence++)
            {
                batch.Append(1, sequence, $"{sequence}");
            }

            batch.TrimItems(1, 1, 4);
            batch.TrimItems(1, 1, 4);
            batch.TrimItems(1, 5, 5);
            batch.TrimItems(1, 6, 2);
        });
        tested.Reopen();

        // Behind the reader anything may be found; from its place on everything must.
        Assert.Equal(["4", "5", "6", "7", "8", "9"], Store.ReadTexts(1, 4, long.MaxValue));
        Assert.Equal(9, Assert.Single(Store.LoadQueues()).LastSequence);
    }

    [Fact]
    public void Reclaiming_space_takes_nothing_that_was_not_trimmed()
    {
        Store.Commit(batch =>
        {
            for (var queueId = 1; queueId <= 3; queueId++)
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                batch.Append(queueId, 1, "a");
                batch.Append(queueId, 2, "b");
            }

            batch.TrimItems(1, 1, 2);
            batch.TrimItems(2, 1, 3);
        });
        Store.ReclaimSpace(1, 2, isEmpty: false);
        Store.ReclaimSpace(2, 3, isEmpty: true);
        tested.Reopen();

        Assert.Equal(["b"], Store.ReadTexts(1, 2, 100));
        Assert.Equal(["a", "b"], Store.ReadTexts(3, 1, 100));
    }

    [Fact]
    public void A_dropped_queue_takes_its_readers_along_and_nobody_elses()
    {
        Store.Commit(batch =>
        {
            for (var queueId = 1; queueId <= 3; queueId++)
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                batch.Append(queueId, 1, "a");
                batch.PutReader(queueId, 0, new ReaderState(2, 1, default));
            }
        });
        Store.Commit(batch => batch.DropQueue(2));
        tested.Reopen();

        var queues = Store.LoadQueues();
        Assert.Equal([1, 3], queues.Select(queue => queue.Record.Id).Order());
        Assert.All(queues, queue => Assert.Equal((2, 1), (queue.Reader.Position, queue.LastSequence)));
    }

    [Fact]
    public void Cursors_are_found_with_their_places_and_go_one_by_one_or_with_their_queue()
    {
        Store.Commit(batch =>
        {
            for (var queueId = 1; queueId <= 2; queueId++)
            {
                batch.PutQueue(new QueueRecord(queueId, $"q{queueId}", 0));
                batch.PutReader(queueId, 0, new ReaderState(7, 70, default));
                for (var reader = 1; reader <= 3; reader++)
                {
                    batch.PutCursor(queueId, reader, new CursorRecord($"c{reader}", 100 * reader));
                    batch.PutReader(queueId, reader, new ReaderState(reader + 1, 0, new long[] { 8, 9 }));
                }
            }
        });
        Store.Commit(batch => batch.DropCursor(1, 2));
        Store.Commit(batch => batch.DropQueue(2));
        Store.Commit(batch => batch.PutQueue(new QueueRecord(3, "q3", 0)));
        tested.Reopen();

        var queues = Store.LoadQueues().OrderBy(queue => queue.Record.Id).ToArray();
        Assert.Equal([1, 3], queues.Select(queue => queue.Record.Id));
        Assert.Equal(7, queues[0].Reader.Position);
        Assert.Equal([(1, "c1", 100L, 2L), (3, "c3", 300L, 4L)], queues[0].Cursors.Select(cursor
            => (cursor.Number, cursor.Record.Name, cursor.Record.CreatedAt, cursor.State.Position)));
        Assert.All(queues[0].Cursors, cursor => Assert.Equal([8, 9], cursor.State.Closed.ToArray()));
        Assert.Empty(queues[1].Cursors);
    }

    [Fact]
    public void State_is_replaced_removed_and_kept_apart_by_key()
    {
        Store.Commit(batch =>
        {
            batch.PutState("a", [1, 2]);
            batch.PutState("ab", []);
            batch.PutState("ä", [3]);
        });
        Store.Commit(batch =>
        {
            batch.PutState("a", [9]);
            batch.PutState("ä", null);
        });
        tested.Reopen();

        Assert.Equal([9], Store.ReadState("a"));
        Assert.Empty(Store.ReadState("ab")!);
        Assert.Null(Store.ReadState("ä"));
        Assert.Null(Store.ReadState(""));
    }

    [Fact]
    public void A_cleared_batch_is_empty_and_serves_again()
    {
        var batch = Store.CreateBatch();
        Assert.True(batch.IsEmpty);
        batch.Append(1, 1, new byte[3 << 20]);
        Assert.False(batch.IsEmpty);
        Assert.InRange(batch.Bytes, 3 << 20, 4 << 20);

        batch.Clear();
        Assert.True(batch.IsEmpty);
        Assert.InRange(batch.Bytes, 0, 100);
        Store.Write(batch);

        batch.Append(1, 2, "kept");
        Store.Write(batch);
        Assert.Equal(["kept"], Store.ReadTexts(1, 1, 100));
    }

    [Fact]
    public void A_batch_copies_what_it_is_given()
    {
        var payload = "before"u8.ToArray();
        var closed = new long[] { 5, 6 };
        var batch = Store.CreateBatch();
        batch.PutQueue(new QueueRecord(1, "q", 0));
        batch.Append(1, 1, payload);
        batch.PutReader(1, 0, new ReaderState(1, 0, closed));
        payload.AsSpan().Clear();
        closed.AsSpan().Clear();
        Store.Write(batch);
        batch.Clear();

        Assert.Equal(["before"], Store.ReadTexts(1, 1, 2));
        Assert.Equal([5, 6], Assert.Single(Store.LoadQueues()).Reader.Closed.ToArray());
    }

    [Fact]
    public void What_was_written_is_read_before_it_is_synced()
    {
        var batch = Store.CreateBatch();
        batch.Append(1, 1, "new");
        Store.Write(batch);
        Assert.Equal(["new"], Store.ReadTexts(1, 1, 2));
    }

    [Fact]
    public async Task Reads_and_reclaims_go_on_beside_writes()
    {
        const int Items = 2_000;
        using var started = new ManualResetEventSlim();
        var reading = Task.Run(() =>
        {
            started.Set();
            for (var seen = 0; seen < Items;)
            {
                var items = Store.Read(1, seen + 1, long.MaxValue);
                foreach (var item in items)
                {
                    Assert.Equal(++seen, item.Header.Sequence);
                }

                Store.ReclaimSpace(2, seen, isEmpty: true);
            }
        }, TestContext.Current.CancellationToken);

        started.Wait(TestContext.Current.CancellationToken);
        var batch = Store.CreateBatch();
        for (var sequence = 1; sequence <= Items; sequence++)
        {
            batch.Append(1, sequence, $"{sequence}");
            Store.Write(batch);
            batch.Clear();
        }

        await reading.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_closed_store_says_so()
    {
        var batch = Store.CreateBatch();
        Store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Store.Write(batch));
        Assert.Throws<ObjectDisposedException>(Store.Sync);
        Assert.Throws<ObjectDisposedException>(() => Store.Read(1, 1, 2));
        Assert.Throws<ObjectDisposedException>(() => Store.ReadState("a"));
        Assert.Throws<ObjectDisposedException>(() => Store.ReclaimSpace(1, 1, isEmpty: true));
        Store.Dispose();
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => tested.Dispose();

    private static ReadOnlySequence<byte> InPieces(byte[] first, byte[] second)
    {
        var start = new Piece(first, runningIndex: 0);
        var end = new Piece(second, first.Length);
        start.Append(end);
        return new ReadOnlySequence<byte>(start, 0, end, second.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, long runningIndex)
        {
            (Memory, RunningIndex) = (bytes, runningIndex);
        }

        public void Append(Piece next) => Next = next;
    }
}
