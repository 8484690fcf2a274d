using System.Text;
using Siberite.Contracts;

namespace Siberite.Queues.Tests;

// What queues are told, and the steps that append: to a queue, and to its children in the same commit.
public sealed partial class ModelTests
{
    private sealed partial class Run
    {
        private void Tell()
        {
            _engine.Queues.FansOut = true;
            _engine.Tell("*", options => (options.DedupMaxIds, options.DedupWindow) = (MaxIds, Window));
            foreach (var queue in QueueModel.Played.Where(queue => QueueModel.ParentOf(queue) == 0)) // They inherit.
            {
                var rules = QueueModel.RulesOf(queue);
                _engine.Tell(Name(queue), options =>
                {
                    options.MaxDeliveries = rules.MaxDeliveries;
                    options.DeadLetterQueue = Name(DeadQueue);
                    options.KeepJournal = queue != QueueModel.MemoryQueue;
                    options.OpenReadTimeout = QueueModel.LeaseOf(queue);
                    options.FanoutOnly = queue == QueueModel.EmptyParent;
                    (options.RetryDelay, options.RetryMaxDelay) = (rules.RetryDelay, rules.RetryDelay);
                });
            }
        }

        private static string Name(int queue)
            => queue switch
            {
                0 => "even",
                QueueModel.MemoryQueue => "odd",
                QueueModel.CursorQueue => "cursors",
                DeadQueue => "dead",
                QueueModel.Parent => "fan",
                QueueModel.EmptyParent => "void",
                _ => $"{Name(QueueModel.ParentOf(queue))}+{queue}",
            };

        private Queue Open(int queue)
        {
            _model.Refer(queue);
            return _engine[Name(queue)];
        }

        private void Append(int number, params int[] queues)
        {
            DateTimeOffset? expires = number % 7 == 0 ? _engine.Time.GetUtcNow() + (Tick * 4) : null;
            var payload = new string((char)('a' + (number % 26)), number) + $"#{++_order}";
            payload = number == 0 ? "" : payload;
            var draft = Engine.Draft(payload, expires?.ToUnixTimeMilliseconds() ?? 0);
            var status = queues.Length == 1
                ? AppendTo(queues[0], draft)
                : _engine.Queues.AppendToAll([.. queues.Select(queue => QueueName.Parse(Name(queue)))], draft).Status;
            Assert.Equal(AppendStatus.Stored, status);
            foreach (var queue in queues.SelectMany(_model.ReceiversOf))
            {
                _model[queue].Items.Add(new ModelItem(_order, payload, expires));
                _mayExpire.UnionWith(expires is null ? [] : [queue]);
            }
        }

        private AppendStatus AppendTo(int queue, in ItemDraft draft)
        {
            var append = Open(queue).AppendAsync(draft).AsTask();
            Assert.True(append.IsCompleted);
            return append.Result.Status;
        }

        private void AppendDelayed(int number, int queue)
        {
            var delay = number % 10 == 0 ? TimeSpan.Zero : Tick * ((2 * (number % 10)) - 1); // At odd ticks.
            var payload = $"delayed #{++_order}";
            Assert.Equal(AppendStatus.Stored, AppendTo(queue, Engine.Draft(payload) with { Delay = delay }));
            foreach (var receiver in _model.ReceiversOf(queue))
            {
                _model[receiver].Append(
                    new ModelItem(_order, payload, Expires: null), _engine.Time.GetUtcNow() + delay);
            }

            if (delay == TimeSpan.Zero)
            {
                MoveDue();
            }
        }

        /// <remarks>One that knows the id keeps the item from all of them.</remarks>
        private void AppendWithId(int number, int queue)
        {
            var id = $"{number % 7}";
            var payload = $"{id} #{++_order}";
            var draft = Engine.Draft(payload) with { Id = Encoding.ASCII.GetBytes(id) };
            var status = AppendTo(queue, draft);
            var receivers = _model.ReceiversOf(queue).Select(receiver => _model[receiver]).ToList();
            var now = _engine.Time.GetUtcNow();
            var isNew = !receivers.Exists(receiver => receiver.Knows(id, now, Window, MaxIds));
            Assert.Equal(isNew ? AppendStatus.Stored : AppendStatus.Duplicate, status);
            foreach (var receiver in receivers.Where(_ => isNew))
            {
                receiver.Ids.Add((id, now));
                receiver.Items.Add(new ModelItem(_order, payload, Expires: null));
            }
        }

        private void Touch(int queue, int session)
        {
            if (_model[queue].OldestOpen(session) is not { } item)
            {
                return;
            }

            var lease = Tick * 12.25; // It ends between ticks, too.
            var touch = Open(queue).TouchAsync(Engine.Session(session), _sequences[(queue, item)], lease).AsTask();
            Assert.True(touch.IsCompleted && touch.Result);
            _model[queue].Touch(item, _engine.Time.GetUtcNow() + lease);
        }

        private void CheckChildren()
        {
            foreach (var child in QueueModel.Played.Where(queue => QueueModel.ParentOf(queue) != 0))
            {
                Assert.Equal(_model.HasChild(child), _engine.Queues.Names.Any(name => name.Value == Name(child)));
            }
        }
    }
}
