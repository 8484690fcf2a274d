using System.Buffers;
using Siberite.Contracts;

namespace Siberite.Queues;

// Open reads that end without a close, and where their items go.
public sealed partial class Queue
{
    /// <summary>Where poisoned items go; <see langword="null"/> if they stay. Only under the gate or for a moment's
    /// opinion.</summary>
    internal QueueName? DeadLetterName
        => Options.MaxDeliveries > 0 ? TargetName(Options.DeadLetterQueue) : null;

    /// <summary>Where expired items go; <see langword="null"/> if they are dropped. The same holds.</summary>
    internal QueueName? ExpireToName => TargetName(Options.ExpireToQueue);

    /// <summary>Whether items that leave another queue may come now. Only under the gate.</summary>
    internal bool MayReceive => !_isGone && _still is null && !IsDamaged;

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
    {
        lock (_gate)
        {
            if (!_isGone)
            {
                _main.Fail(session, sequence);
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
    {
        lock (_gate)
        {
            return new(!_isGone && _main.TryTouch(session, sequence, lease));
        }
    }

    /// <summary>Takes in an item that leaves another queue, as if it were set now. Limits are for clients: it has been
    /// let in once. The caller holds both queues and the batch.</summary>
    internal void AppendMoved(in ItemDraft draft)
    {
        if (!_isStored)
        {
            _shared.Commits.Mutate(_record, static (batch, record) => batch.PutQueue(record));
            _isStored = true;
        }

        AppendItem(draft);
    }

    /// <summary>Keeps an item back after a delivery that failed. The caller holds the queue and the batch.</summary>
    internal void AppendRetry(in ItemSlot slot, in ReadOnlySequence<byte> payload, int deliveries)
    {
        var options = Options;
        var doubled = options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Max(0, deliveries - 1));
        var most = Math.Max(options.RetryDelay.TotalMilliseconds, options.RetryMaxDelay.TotalMilliseconds);
        var now = _shared.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var header = new ItemHeader(
            0, slot.Flags, slot.EnqueuedAt, slot.ExpiresAt, AppendedBytes: 0,
            (ushort)Math.Min(deliveries, ushort.MaxValue));
        AppendDelayed(Math.Min(LastMoment, now + (long)Math.Min(doubled, most)), header, payload, _durability);
    }

    /// <summary>The queue that a setting names.</summary>
    /// <returns><see langword="null"/> if it names none, or this one, or one that this one is such a queue of, so that
    /// nothing goes round in circles or on for ever.</returns>
    private QueueName? TargetName(string pattern)
        => pattern.Length > 0
            && pattern != Name.Value
            && !(NamePattern.IsPattern(pattern) && NamePattern.Matches(pattern, Name.Value))
            && QueueName.TryParse(
                System.Text.Encoding.UTF8.GetBytes(pattern.Replace("*", Name.Value, StringComparison.Ordinal)),
                out var target)
                ? target
                : null;
}
