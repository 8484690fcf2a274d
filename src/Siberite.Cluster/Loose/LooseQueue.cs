using System.Collections.Concurrent;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>A loose queue as the sessions of this silo see it: the shard of this silo, and behind it those of the
/// others.</summary>
/// <remarks>
/// An append goes to the local shard. A take asks the local shard, then other shards that are known to have items, most
/// items first; none is asked on the off chance. Each shard is a strict FIFO. The sequences that sessions see tell the
/// shard:
/// <code>
/// bits    hold
/// 0-47    the item's sequence in its shard: 280 trillion, nine years of a million items a second
/// 48-62   the shard: 0 is the local one, others count up as this queue meets them
/// </code>
/// They mean something within this object only. This part takes; <c>LooseQueue.Shards</c> does the rest.
/// </remarks>
internal sealed partial class LooseQueue : IQueue
{
    /// <summary>How often a session that waits looks at the marks although nobody woke it. 1 s: it bounds what a lost
    /// call costs.</summary>
    internal static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a first take waits to learn of other shards. 2 s: a silo that hangs must not hold up all
    /// loose queues.</summary>
    internal static readonly TimeSpan LearnTimeout = TimeSpan.FromSeconds(2);

    private readonly LooseQueues _silo;
    private readonly ConcurrentDictionary<CursorName, LooseCursor> _cursors = new(); // Those asked for here.
    private volatile bool _wasUsed;

    public LooseQueue(LooseQueues silo, Queue local, Task learned)
    {
        _silo = silo;
        _local = local;
        _learned = learned;
        Marks = new ShardMarks(silo.Time);
    }

    /// <inheritdoc/>
    public QueueName Name => _local.Name;

    /// <summary>The silo's clock.</summary>
    public TimeProvider Time => _silo.Time;

    /// <inheritdoc/>
    /// <remarks>Not here: one that looks elsewhere must not be overtaken by one that looks here.</remarks>
    public bool TakesInPipelines => false;

    /// <summary>What is known of the other shards.</summary>
    public ShardMarks Marks { get; }

    /// <inheritdoc/>
    /// <remarks>Starts with the local shard, also when it is to wait: so a session has its place in line, and a
    /// cancellation its object, before anything else is tried.</remarks>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
    {
        _wasUsed = true;
        var local = _local.TakeAsync(session, mode, wait);
        if (!local.IsCompleted)
        {
            return new(wait > TimeSpan.Zero
                ? WaitAsync(local.AsTask(), session, mode)
                : TakeElsewhereAfterAsync(local, session, mode));
        }

        var result = local.GetAwaiter().GetResult();
        return result.Status != TakeStatus.Empty || (!Marks.HasAny && _learned.IsCompleted)
            ? new(result)
            : new(TakeElsewhereAsync(session, mode));
    }

    /// <inheritdoc/>
    public void CancelWait(SessionId session) => _local.CancelWait(session);

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor)
        => _cursors.GetOrAdd(cursor, static (name, queue) => new LooseCursor(queue, name), this);

    /// <returns>Whether anybody took from it since the last time this was asked, or waits now.</returns>
    public bool TestUse()
    {
        var wasUsed = _wasUsed || Marks.SleeperCount > 0;
        _wasUsed = false;
        return wasUsed;
    }

    private async Task<TakeResult> TakeElsewhereAfterAsync(
        ValueTask<TakeResult> local, SessionId session, TakeMode mode)
    {
        var result = await local;
        return result.Status == TakeStatus.Empty ? await TakeElsewhereAsync(session, mode) : result;
    }

    /// <param name="session">Whose take it is.</param>
    /// <param name="mode">How it takes.</param>
    /// <param name="local">A wait on the local shard: once it has ended, nobody else is asked.</param>
    private async Task<TakeResult> TakeElsewhereAsync(SessionId session, TakeMode mode, Task? local = null)
    {
        if (!_learned.IsCompleted)
        {
            await (local is null ? _learned : Task.WhenAny(_learned, local));
        }

        while (local?.IsCompleted != true && Marks.TryBeginAsk(out var ask))
        {
            var result = await AskAsync(ask, session, mode);
            Marks.EndAsk(ask, result.Status == TakeStatus.Taken);
            if (result.Status == TakeStatus.Taken)
            {
                return result;
            }
        }

        return default;
    }

    /// <summary>Waits in two lines at once: for an item here, and for news of one elsewhere.</summary>
    private async Task<TakeResult> WaitAsync(Task<TakeResult> local, SessionId session, TakeMode mode)
    {
        while (true)
        {
            // In line before the marks are looked at: news that comes between finds somebody to wake.
            var sleeper = Marks.Sleep();
            if (!local.IsCompleted && (Marks.HasAny || !_learned.IsCompleted))
            {
                Marks.Leave(sleeper);
                var elsewhere = await TakeElsewhereAsync(session, mode, local);
                if (elsewhere.Status == TakeStatus.Taken)
                {
                    await WithdrawAsync(local, session, mode);
                    return elsewhere;
                }

                continue;
            }

            if (!local.IsCompleted)
            {
                _silo.ExpectNews(this);
                await Task.WhenAny(local, sleeper.WaitAsync(RecheckInterval, _silo.Time));
            }

            if (local.IsCompleted)
            {
                Marks.Leave(sleeper, passesOn: true); // It may have been woken, and asks nobody now.
                return await local;
            }

            Marks.LeaveToAsk(sleeper);
        }
    }

    /// <summary>Ends the wait on the local shard. An item that it won meanwhile goes back to its place: the session has
    /// one from elsewhere.</summary>
    private async Task WithdrawAsync(Task<TakeResult> local, SessionId session, TakeMode mode)
    {
        _local.CancelWait(session);
        try
        {
            var won = await local;
            won.Item.Large?.Release();
            if (won.Status == TakeStatus.Taken && mode != TakeMode.Peek)
            {
                await _local.AbortAsync(session, won.Item.Sequence);
            }
        }
        catch (SiberiteException)
        {
            // The local shard could not be read. It won nothing, and the session has its item.
        }
    }
}
