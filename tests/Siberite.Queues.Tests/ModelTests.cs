using CsCheck;
using Siberite.Contracts;

namespace Siberite.Queues.Tests;

/// <summary>Random command sequences against a model of a hundred lines, shrunk to the shortest that differs.</summary>
public sealed partial class ModelTests
{
    private const int DeadQueue = QueueModel.DeadQueue;
    private const int SessionCount = 3;

    private enum Act
    {
        Append,
        AppendToBoth,
        AppendDelayed,
        AppendWithId,
        Take,
        Peek,
        Wait,
        Close,
        Abort,
        Lose,
        Touch,
        Cancel,
        Purge,
        Delete,
        Commit,
        Sweep,
        PassTime,
        Kill,
        CursorTake,
        CursorPeek,
        CursorClose,
        CursorAbort,
        CursorRewind,
        CursorDrop,
    }

    /// <remarks>
    /// Goal: queues answer as the model does, whatever the order of commands, with caches so small that items are read
    /// back from the store, with large payloads that are gone once their items are, and across kills.
    /// Method: after each step let background work run, then compare the step's answer and every wait's end; in the end
    /// nobody holds a payload. A failure prints CsCheck's seed: run again with it as <c>CsCheck_Seed</c>.
    /// </remarks>
    [Theory]
    [InlineData(200L, 64, int.MaxValue)]
    [InlineData(1L << 20, 4096, int.MaxValue)]
    [InlineData(200L, 64, 20)]
    [InlineData(1L << 20, 4096, 1)]
    public void The_engine_answers_as_the_model_does(long cacheBytes, int readAheadBytes, int largeBytes)
        => Gen.Select(
                Gen.Frequency(
                    (10, Gen.Const(Act.Append)), (1, Gen.Const(Act.AppendToBoth)), (9, Gen.Const(Act.Take)),
                    (3, Gen.Const(Act.AppendDelayed)), (3, Gen.Const(Act.AppendWithId)),
                    (2, Gen.Const(Act.Peek)), (3, Gen.Const(Act.Wait)), (6, Gen.Const(Act.Close)),
                    (5, Gen.Const(Act.Abort)), (4, Gen.Const(Act.Lose)), (1, Gen.Const(Act.Touch)),
                    (1, Gen.Const(Act.Cancel)), (1, Gen.Const(Act.Purge)),
                    (1, Gen.Const(Act.Delete)), (3, Gen.Const(Act.Commit)), (1, Gen.Const(Act.Sweep)),
                    (2, Gen.Const(Act.PassTime)), (1, Gen.Const(Act.Kill)), (6, Gen.Const(Act.CursorTake)),
                    (1, Gen.Const(Act.CursorPeek)), (3, Gen.Const(Act.CursorClose)), (2, Gen.Const(Act.CursorAbort)),
                    (1, Gen.Const(Act.CursorRewind)), (1, Gen.Const(Act.CursorDrop))),
                Gen.Frequency((3, Gen.Int[0, 2]), (2, Gen.Int[3, QueueModel.Played.Length - 1])),
                Gen.Int[1, SessionCount],
                Gen.Int[0, 60])
            .List[1, 100]
            .Sample(
                steps =>
                {
                    using var run = new Run(cacheBytes, readAheadBytes, largeBytes);
                    run.Play(steps);
                },
                iter: (largeBytes == int.MaxValue ? 10_000 : 5_000) * Rounds);

    /// <summary>Times the usual length, for a night: <c>SIBERITE_ROUNDS</c>.</summary>
    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("SIBERITE_ROUNDS") ?? "1", null);

    private sealed partial class Run(long cacheBytes, int readAheadBytes, int largeBytes) : IDisposable
    {
        private const int MaxIds = 4;

        private static readonly TimeSpan Tick = QueueModel.Tick;

        private static readonly TimeSpan Window = Tick * 24;

        private readonly Engine _engine = new(Durability.Os, cacheBytes, readAheadBytes, largeBytes: largeBytes);
        private readonly QueueModel _model = new();
        private readonly List<(int Queue, ModelWait Wait, Task<TakeResult> Task)> _waits = [];
        private readonly Dictionary<(int Queue, ModelItem Item), long> _sequences = [];
        private readonly HashSet<int> _mayExpire = []; // Queues with items that do.
        private long _order;
        private long _writes;

        public void Play(List<(Act Act, int Queue, int Session, int Number)> steps)
        {
            Tell();
            foreach (var (act, queue, session, number) in steps)
            {
                Step(act, QueueModel.Played[queue], session, number);
                Settle();
            }

            Drain();
        }

        public void Dispose() => _engine.Dispose();

        private void Step(Act act, int queue, int session, int number)
        {
            switch (act)
            {
                case Act.Append:
                    Append(number, queue);
                    break;
                case Act.AppendToBoth:
                    Append(number, 0, 1);
                    break;
                case Act.AppendDelayed:
                    AppendDelayed(number, queue);
                    break;
                case Act.AppendWithId:
                    AppendWithId(number, queue);
                    break;
                case Act.Take or Act.Peek:
                    Take(queue, session, act == Act.Peek);
                    break;
                case Act.Wait:
                    Wait(queue, session, isPeek: number % 4 == 0, Tick * 8 * (1 + (number % 3)));
                    break;
                case Act.Close or Act.Abort or Act.Lose:
                    End(queue, session, act);
                    break;
                case Act.Touch:
                    Touch(queue, session);
                    break;
                case Act.Cancel:
                    Open(queue).CancelWait(Engine.Session(session));
                    _model[queue].Waits.RemoveAll(wait => wait.Session == session);
                    break;
                case Act.Purge:
                    Open(queue).Purge();
                    _model.Purge(queue);
                    break;
                case Act.Delete:
                    _engine.Queues.Delete(QueueName.Parse(Name(queue)));
                    _model.Delete(queue);
                    break;
                case >= Act.CursorTake:
                    StepOfCursor(act, QueueModel.CursorQueue, session, number % 3 == 0 ? "rare" : "often");
                    break;
                case Act.Commit:
                    _engine.Commit();
                    break;
                case Act.Sweep:
                    _engine.Queues.Sweep();
                    break;
                case Act.PassTime:
                    PassTime(2 * (number % 8));
                    break;
                default:
                    _engine.Kill();
                    _model.Crash();
                    _waits.Clear();
                    _writes = 0;
                    break;
            }
        }

        /// <summary>A little at a time: what is due, and who has waited long enough, are never so at the same
        /// moment.</summary>
        private void PassTime(int ticks)
        {
            for (var quarters = 4 * ticks; quarters > 0; quarters--)
            {
                _engine.Time.Advance(Tick / 4); // Not less than the engine has between two looks at leases.
                Settle();
            }
        }

        private void Settle()
        {
            _engine.Background.RunAll();
            _model.MoveDue(_engine.Time.GetUtcNow());
            _model.EndLeases(_engine.Time.GetUtcNow());
            CheckWaits();
            NoticeCommits();
        }

        private void Take(int queue, int session, bool isPeek)
        {
            var mode = isPeek ? TakeMode.Peek : TakeMode.Open;
            var taken = _engine.Settle(Open(queue).TakeAsync(Engine.Session(session), mode, TimeSpan.Zero));
            taken = taken with { Item = taken.Item.InMemory() };
            Compare(queue, ModelTake(queue, session, isPeek, Engine.Text(taken)), taken);
        }

        /// <summary>What the model takes. Items that were one too many since one came back may have gone.</summary>
        private ModelItem? ModelTake(int queue, int session, bool isPeek, string? taken)
        {
            var now = _engine.Time.GetUtcNow();
            while (_model.IsOverfull(queue) && _model.Take(queue, session, isPeek: true, now)?.Payload != taken)
            {
                _model.DropOldest(queue);
            }

            return _model.Take(queue, session, isPeek, now);
        }

        private void Wait(int queue, int session, bool isPeek, TimeSpan wait)
        {
            if (_waits.Any(known => known.Queue == queue && known.Wait.Session == session))
            {
                return; // A session has one take under way at most.
            }

            var mode = isPeek ? TakeMode.Peek : TakeMode.Open;
            var task = Open(queue).TakeAsync(Engine.Session(session), mode, wait).AsTask();
            var known = new ModelWait(session, isPeek, _engine.Time.GetUtcNow() + wait);
            _model[queue].Waits.Add(known);
            _waits.Add((queue, known, task));
        }

        private void End(int queue, int session, Act act)
        {
            if (_model[queue].OldestOpen(session) is not { } item)
            {
                return;
            }

            var sequence = _sequences[(queue, item)];
            switch (act)
            {
                case Act.Close:
                    _engine.Close(Name(queue), sequence, session);
                    _model[queue].Close(item);
                    break;
                case Act.Abort:
                    _engine.Abort(Name(queue), sequence, session);
                    _model[queue].Abort(item);
                    break;
                default:
                    _engine.Lose(Name(queue), sequence, session);
                    _model.Lose(queue, item, _engine.Time.GetUtcNow());
                    break;
            }
        }

        /// <summary>Serves the model's waits in order and demands the same of the engine's.</summary>
        private void CheckWaits()
        {
            var now = _engine.Time.GetUtcNow();
            foreach (var (queue, wait, task) in _waits.ToArray())
            {
                var stillWaits = _model[queue].Waits.Contains(wait);
                var won = task.IsCompleted ? Engine.Text(task.Result) : null;
                var expected = stillWaits ? ModelTake(queue, wait.Session, wait.IsPeek, won) : null;
                if (expected is null && stillWaits && wait.Deadline > now)
                {
                    Assert.False(task.IsCompleted, "A wait ended early.");
                    continue;
                }

                Assert.True(task.IsCompleted, "A wait goes on although it should have ended.");
                Compare(queue, expected, task.Result, won);
                _model[queue].Waits.Remove(wait);
                _waits.Remove((queue, wait, task));
            }
        }

        private void Compare(int queue, ModelItem? expected, TakeResult taken)
        {
            Compare(queue, expected, taken, Engine.Text(taken));
        }

        /// <param name="queue">Where.</param>
        /// <param name="expected">What the model has taken.</param>
        /// <param name="taken">What the engine has.</param>
        /// <param name="text">The payload of that, which can be read once.</param>
        private void Compare(int queue, ModelItem? expected, in TakeResult taken, string? text)
        {
            Assert.Equal(expected?.Payload, text);
            if (expected is not null)
            {
                Assert.Equal(7u, taken.Item.Flags);
                _sequences[(queue, expected)] = taken.Item.Sequence;
            }
        }

        /// <summary>A write of the store carries everything up to now.</summary>
        private void NoticeCommits()
        {
            if (_engine.Store.WriteCount != _writes)
            {
                _engine.Commit(); // What came after the write, in the same step, too.
                _writes = _engine.Store.WriteCount;
                _model.Commit();
            }
        }

        /// <summary>Commits, kills, and compares all that is left.</summary>
        private void Drain()
        {
            _engine.Commit();
            _model.Commit();
            Step(Act.Kill, 0, 0, 0);
            PassTime(2 * 10);
            CheckChildren();
            foreach (var queue in QueueModel.Played)
            {
                foreach (var name in _model[queue].Cursors.Keys)
                {
                    DrainCursor(queue, name);
                }

                for (var isEmpty = false; !isEmpty;)
                {
                    var taken = _engine.Take(Name(queue));
                    var expected = ModelTake(queue, 1, isPeek: false, taken);
                    Assert.Equal(expected?.Payload, taken);
                    isEmpty = expected is null;
                }
            }

            // Which of two queues lets an item go first is nobody's business.
            _engine.Background.RunAll();
            var expectedDead = _model[DeadQueue].Items.Select(item => item.Payload).ToList();
            var dead = DelayTests.Drain(_engine, Name(DeadQueue)).ToList();
            foreach (var payload in _model.MayBeDead)
            {
                if (dead.Count(each => each == payload) > expectedDead.Count(each => each == payload))
                {
                    dead.Remove(payload);
                }
            }

            Assert.Equal(expectedDead.Order(StringComparer.Ordinal), dead.Order(StringComparer.Ordinal));
            Assert.Equal(0, _engine.Store.HeldPayloadCount);
        }
    }
}
