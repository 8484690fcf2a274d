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
                    options.MaxDeliveries = rules.MaxDeliveries == int.MaxValue ? 0 : rules.MaxDeliveries;
                    options.DeadLetterQueue = Name(DeadQueue);
                    options.KeepJournal = queue != QueueModel.MemoryQueue;
                    options.OpenReadTimeout = QueueModel.LeaseOf(queue);
                    options.FanoutOnly = queue == QueueModel.EmptyParent;
                    (options.RetryDelay, options.RetryMaxDelay) = (rules.RetryDelay, rules.RetryDelay);
                });
            }

            foreach (var (queue, limit) in QueueModel.Played.Select(queue => (queue, QueueModel.LimitOf(queue)))
                .Where(each => each.Item2.MaxItems != int.MaxValue))
            {
                _engine.Tell(
                    Name(queue),
                    options => (options.MaxItems, options.DiscardOldWhenFull) = (limit.MaxItems, limit.DropsOldest));
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

        /// <remarks>Nothing expires where the oldest has to go: what has gone by itself would not be counted.</remarks>
        private void Append(int number, params int[] queues)
        {
            var mayExpire = number % 7 == 0 && QueueModel.EmptyParent > queues[0];
            DateTimeOffset? expires = mayExpire ? _engine.Time.GetUtcNow() + (Tick * 4) : null;
            var payload = new string((char)('a' + (number % 26)), number) + $"#{++_order}";
            payload = number == 0 ? "" : payload;
            var draft = Engine.Draft(payload, expires?.ToUnixTimeMilliseconds() ?? 0);
            var status = queues.Length == 1
                ? AppendTo(queues[0], draft)
                : _engine.Queues.AppendToAll([.. queues.Select(queue => QueueName.Parse(Name(queue)))], draft).Status;
            foreach (var receiver in Judge(status, queues, id: null))
            {
                _model.Append(receiver, new ModelItem(_order, payload, expires));
                _mayExpire.UnionWith(expires is null ? [] : [receiver]);
            }
        }

        private AppendStatus AppendTo(int queue, in ItemDraft draft)
        {
            var append = Open(queue).AppendAsync(draft).AsTask();
            Assert.True(append.IsCompleted);
            return append.Result.Status;
        }

        /// <summary>Demands that an append ended as it must: one queue that is full, or knows the id, keeps the item
        /// from all of them.</summary>
        /// <returns>The queues that have it now.</returns>
        private List<int> Judge(AppendStatus status, int[] queues, string? id)
        {
            var now = _engine.Time.GetUtcNow();
            var receivers = queues.SelectMany(_model.ReceiversOf).ToList();
            var isKnown = id is not null && receivers.Exists(each => _model[each].Knows(id, now, Window, MaxIds));
            var full = receivers.ConvertAll(each => _model.IsFull(each, now));
            var must = isKnown || full.Exists(each => each.Must);
            Assert.True(
                status switch
                {
                    AppendStatus.Stored => !must,
                    AppendStatus.Duplicate => isKnown,
                    _ => status == AppendStatus.Full && full.Exists(each => each.May),
                },
                $"The append ended with {status}.");
            return status == AppendStatus.Stored ? receivers : [];
        }

        private void AppendDelayed(int number, int queue)
        {
            var delay = number % 10 == 0 ? TimeSpan.Zero : Tick * ((2 * (number % 10)) - 1); // At odd ticks.
            var payload = $"delayed #{++_order}";
            var status = AppendTo(queue, Engine.Draft(payload) with { Delay = delay });
            var now = _engine.Time.GetUtcNow();
            foreach (var receiver in Judge(status, [queue], id: null))
            {
                _model[receiver].Append(new ModelItem(_order, payload, Expires: null), now + delay);
            }

            if (delay == TimeSpan.Zero)
            {
                _model.MoveDue(now);
            }
        }

        private void AppendWithId(int number, int queue)
        {
            var id = $"{number % 7}";
            var payload = $"{id} #{++_order}";
            var status = AppendTo(queue, Engine.Draft(payload) with { Id = Encoding.ASCII.GetBytes(id) });
            foreach (var receiver in Judge(status, [queue], id))
            {
                _model[receiver].Ids.Add((id, _engine.Time.GetUtcNow()));
                _model.Append(receiver, new ModelItem(_order, payload, Expires: null));
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
