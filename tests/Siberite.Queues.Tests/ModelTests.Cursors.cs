using Siberite.Contracts;

namespace Siberite.Queues.Tests;

// The steps of cursors.
public sealed partial class ModelTests
{
    private sealed partial class Run
    {
        private void StepOfCursor(Act act, int queue, int session, string cursor)
        {
            var model = _model[queue];
            switch (act)
            {
                case Act.CursorTake or Act.CursorPeek:
                    var isPeek = act == Act.CursorPeek;
                    var mode = isPeek ? TakeMode.Peek : TakeMode.Open;
                    var taken = _engine.Settle(
                        Cursor(queue, cursor).TakeAsync(Engine.Session(session), mode, TimeSpan.Zero));
                    taken = taken with { Item = taken.Item.InMemory() };
                    Compare(queue, ModelTake(queue, cursor, session, isPeek, Engine.Text(taken)), taken);
                    break;
                case Act.CursorRewind:
                    _ = Cursor(queue, cursor).PurgeAsync().AsTask();
                    model.Cursors.GetValueOrDefault(cursor)?.Closed.Clear();
                    break;
                case Act.CursorDrop:
                    _ = Cursor(queue, cursor).DropAsync().AsTask();
                    model.Cursors.Remove(cursor);
                    break;
                default:
                    EndOfCursor(queue, session, cursor, isClose: act == Act.CursorClose);
                    break;
            }
        }

        /// <summary>What the cursor takes. Poisoned items may have gone without its knowing.</summary>
        private ModelItem? ModelTake(int queue, string cursor, int session, bool isPeek, string? taken)
        {
            var now = _engine.Time.GetUtcNow();
            while (_model[queue].PeekFor(cursor, now) is { } next && next.Payload != taken
                && _model.IsPoisoned(queue, next))
            {
                _model.Bury(queue, next);
            }

            return _model[queue].TakeFor(cursor, session, isPeek, now);
        }

        private void EndOfCursor(int queue, int session, string cursor, bool isClose)
        {
            if (_model[queue].Cursors.GetValueOrDefault(cursor) is not { } known
                || known.OldestOpen(session) is not { } item)
            {
                return;
            }

            known.Open.Remove(item);
            var sequence = _sequences[(queue, item)];
            if (isClose)
            {
                known.Closed.Add(item);
                _ = Cursor(queue, cursor).CloseAsync(Engine.Session(session), sequence).AsTask();
            }
            else
            {
                _ = Cursor(queue, cursor).AbortAsync(Engine.Session(session), sequence).AsTask();
            }
        }

        private IQueueCursor Cursor(int queue, string cursor) => _engine.Cursor(Name(queue), cursor);

        private void DrainCursor(int queue, string cursor)
        {
            var stats = _engine.Queues.GetStats(QueueName.Parse(Name(queue))).SingleOrDefault();
            if (stats?.Cursors.SingleOrDefault(known => known.Name == cursor) is { } counted
                && !_mayExpire.Contains(queue)) // Whether a place that passed such an item was written is not modelled.
            {
                var closed = _model[queue].Cursor(cursor).Closed;
                Assert.Equal(_model[queue].Items.Count(item => !closed.Contains(item)), counted.ItemCount);
            }

            for (var isEmpty = false; !isEmpty;)
            {
                var taken = _engine.TakeFor(Name(queue), cursor);
                var expected = ModelTake(queue, cursor, 1, isPeek: false, taken);
                Assert.Equal(expected?.Payload, taken);
                isEmpty = expected is null;
            }
        }
    }
}
