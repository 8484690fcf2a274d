using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>The engine's part in moves: standing still, departing, arriving.</summary>
public sealed class MovingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly QueueName Work = QueueName.Parse("work");
    private static readonly StoreId Elsewhere = new(Guid.NewGuid());

    private readonly Engine _source = new();
    private readonly Engine _target = new();

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }

    [Fact]
    public void Appends_and_takes_wait_while_the_queue_stands_still_and_then_take_effect_in_their_order()
    {
        _source.Append("work", "0");
        var queue = _source["work"];
        Assert.True(queue.TryHoldStill(Patience));
        Assert.False(queue.TryHoldStill(Patience));

        var one = queue.AppendAsync(Engine.Draft("1")).AsTask();
        var taken = queue.TakeAsync(Engine.Session(1), TakeMode.Open, TimeSpan.Zero).AsTask();
        var two = queue.AppendAsync(Engine.Draft("2")).AsTask();
        Assert.DoesNotContain((Task[])[one, two, taken], task => task.IsCompleted);

        queue.LetGo();
        _source.Append("work", "3");

        Assert.Equal("0", Engine.Text(_source.Settle(new(taken))));
        Assert.Equal(["1", "2", "3"], [_source.Take("work"), _source.Take("work"), _source.Take("work")]);
    }

    [Fact]
    public async Task Who_waits_too_long_for_a_queue_that_stands_still_is_refused()
    {
        _source.Append("work", "0");
        var queue = _source["work"];
        queue.TryHoldStill(Patience);
        var parked = queue.AppendAsync(Engine.Draft("1")).AsTask();

        _source.Time.Advance(Patience);

        Assert.Equal(SiberiteError.QueueMoving, (await Assert.ThrowsAsync<SiberiteException>(() => parked)).Error);
        Assert.Throws<SiberiteException>(() => { _ = queue.AppendAsync(Engine.Draft("2")).AsTask(); });
        queue.LetGo();
        Assert.Equal("0", _source.Take("work"));
        Assert.Null(_source.Take("work"));
    }

    [Fact]
    public void A_parked_take_that_is_cancelled_hears_that_nobody_has_looked()
    {
        _source.Append("work", "0");
        var queue = _source["work"];
        queue.TryHoldStill(Patience);
        var parked = queue.TakeAsync(Engine.Session(1), TakeMode.Open, Patience).AsTask();

        queue.CancelWait(Engine.Session(1));
        queue.LetGo();

        var refusal = Assert.Throws<SiberiteException>(() => _source.Settle(new(parked)));
        Assert.Equal(SiberiteError.QueueMoving, refusal.Error);
        Assert.Equal("0", _source.Take("work", session: 2));
    }

    [Fact]
    public void Purges_deletions_and_sets_to_several_queues_are_refused_meanwhile()
    {
        _source.Append("work", "0");
        _source.Append("other", "0");
        _source["work"].TryHoldStill(Patience);

        Assert.Throws<SiberiteException>(() => { _source["work"].Purge(); });
        Assert.Throws<SiberiteException>(() => { _source.Queues.Delete(Work); });
        Assert.Throws<SiberiteException>(() => { _source.Queues.PurgeAll(); });
        Assert.Throws<SiberiteException>(
            () => { _source.Queues.AppendToAll([QueueName.Parse("other"), Work], Engine.Draft("1")); });
        Assert.Equal(0, _source["other"].WaitingCount);
        Assert.Equal(1, _source["work"].WaitingCount);
    }

    /// <remarks>
    /// Goal: at every moment a crash leaves one copy that counts.
    /// Method: cut the power of both sides before and after each commit of the protocol, and look at what they serve.
    /// </remarks>
    [Theory]
    [InlineData(0, true, false)]
    [InlineData(1, true, false)]
    [InlineData(2, true, false)]
    [InlineData(3, false, false)]
    [InlineData(4, false, true)]
    [InlineData(5, false, true)]
    public void A_power_cut_on_both_sides_leaves_one_queue(int steps, bool sourceServes, bool targetServes)
    {
        _source.Append("work", "0", "1", "2");
        SyncBoth();
        var move = Guid.NewGuid();
        var queue = _source["work"];
        queue.TryHoldStill(Patience);
        var items = queue.ReadForMove(1, 4, long.MaxValue, out _);
        Action[] protocol =
        [
            () => _target.Queues.BeginArrival(move, Work, Elsewhere, createdAt: 7),
            () =>
            {
                _target.Queues.AddArrivals(move, items);
                _target.Queues.CompleteArrival(move, queue.Seal());
            },
            () => _source.Queues.Depart(move, queue, Elsewhere),
            () => _target.Queues.Adopt(move),
            () => _source.Queues.FinishDeparture(move),
        ];
        foreach (var step in protocol.Take(steps))
        {
            step();
            SyncBoth();
        }

        _source.CutPower();
        _target.CutPower();

        Assert.Equal(sourceServes, _source.Queues.Find(Work) is not null);
        Assert.Equal(targetServes, _target.Queues.Find(Work) is not null);
        if (steps == 3)
        {
            Assert.Throws<SiberiteException>(() => _source["work"]);
            Assert.Throws<SiberiteException>(() => { _source.Queues.Delete(Work); });
            _target.Queues.Adopt(move);
            targetServes = true;
        }

        var home = targetServes ? _target : _source;
        Assert.Equal(["0", "1", "2"], [home.Take("work"), home.Take("work"), home.Take("work")]);
    }

    [Fact]
    public void An_arrival_that_came_to_nothing_leaves_no_items()
    {
        _source.Append("work", "0", "1");
        _source.Commit();
        var move = Guid.NewGuid();
        _target.Queues.BeginArrival(move, Work, Elsewhere, createdAt: 7);
        _target.Queues.AddArrivals(move, _source["work"].ReadForMove(1, 3, long.MaxValue, out _));
        _target.Commit();
        Assert.Equal(2, _target.Store.ItemCount(queueId: 1));

        _target.Queues.EndArrival(move);
        _target.Commit();

        Assert.Equal(0, _target.Store.ItemCount(queueId: 1));
        Assert.Empty(_target.Queues.Moves);
        _target.Append("work", "its own");
        Assert.Equal("its own", _target.Take("work"));
    }

    [Fact]
    public void Moves_are_read_as_they_were_written_and_damage_is_noticed()
    {
        var end = new MoveEnd(new ReaderState(3, 40, new long[] { 5, 6, 8, 11 }), Tail: 20, AppendedBytes: 77)
        {
            Cursors = [new StoredCursor(2, new CursorRecord("c", 45), new ReaderState(4, 6, new long[] { 7, 9 }))],
        };
        QueueMove[] moves =
        [
            new(Guid.NewGuid(), MoveStage.Arrived, "work", Elsewhere, QueueId: 9, CreatedAt: 123, end),
            new(Guid.NewGuid(), MoveStage.Departed, "other", Elsewhere, QueueId: 4, CreatedAt: 0, default),
        ];

        var written = MoveList.Write(moves)!;
        var read = MoveList.Read(written);

        Assert.Null(MoveList.Write([]));
        Assert.Empty(MoveList.Read(null));
        Assert.Equal(moves.Select(WithoutEnd), read.Select(WithoutEnd));
        Assert.Equal([5, 6, 8, 11], read[0].End.Reader.Closed.ToArray());
        Assert.Equal((3, 40, 20, 77), (
            read[0].End.Reader.Position, read[0].End.Reader.ClosedBytes, read[0].End.Tail, read[0].End.AppendedBytes));
        var cursor = Assert.Single(read[0].End.Cursors);
        Assert.Equal((2, new CursorRecord("c", 45), 4, 6), (
            cursor.Number, cursor.Record, cursor.State.Position, cursor.State.ClosedBytes));
        Assert.Equal([7, 9], cursor.State.Closed.ToArray());
        for (var length = 0; length < written.Length; length++)
        {
            var cut = written[..length];
            Assert.Throws<SiberiteException>(() => { MoveList.Read(cut); });
        }
    }

    private static QueueMove WithoutEnd(QueueMove move) => move with { End = default };

    private void SyncBoth()
    {
        foreach (var engine in (Engine[])[_source, _target])
        {
            engine.Queues.Commits.Request(engine.Queues.PutState("sync", [1]) with { Level = CommitLevel.Synced });
            engine.Commit();
        }
    }
}
