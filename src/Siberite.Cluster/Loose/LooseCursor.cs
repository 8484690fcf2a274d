using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>A cursor of a loose queue: one of the same name on every shard.</summary>
/// <remarks>Marks tell of what default readers may take and say nothing of cursors, so the other shards are asked one
/// by one whenever the local one has nothing: a call to each silo. A wait is in line on the local shard, and asks the
/// others again every <see cref="LooseQueue.RecheckInterval"/>.</remarks>
internal sealed class LooseCursor : IQueueCursor
{
    private readonly LooseQueue _queue;
    private readonly CursorName _cursor;

    public LooseCursor(LooseQueue queue, CursorName cursor)
    {
        _queue = queue;
        _cursor = cursor;
        Address = cursor.AddressIn(queue.Name);
    }

    /// <inheritdoc/>
    public QueueName Name => _queue.Name;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Address { get; }

    private IQueueCursor Local => _queue.Local.OpenCursor(_cursor);

    /// <inheritdoc/>
    public bool TakesInPipelines => false;

    /// <inheritdoc/>
    public ValueTask<TakeResult> TakeAsync(SessionId session, TakeMode mode, TimeSpan wait)
    {
        // In line here before anything is awaited: a cancellation then finds the wait.
        var local = Local.TakeAsync(session, mode, wait);
        return new(TakeAsync(local.AsTask(), session, mode, wait > TimeSpan.Zero));
    }

    /// <inheritdoc/>
    public void CancelWait(SessionId session) => Local.CancelWait(session);

    /// <inheritdoc/>
    public ValueTask<Commit> CloseAsync(SessionId session, long sequence)
    {
        var (shard, known) = _queue.Decode(sequence);
        return shard.OpenCursor(_cursor).CloseAsync(session, known);
    }

    /// <inheritdoc/>
    public void CloseSent(SessionId session, long sequence)
    {
        var (shard, known) = _queue.Decode(sequence);
        ((IQueue)shard.OpenCursor(_cursor)).CloseSent(session, known);
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync(SessionId session, long sequence)
    {
        var (shard, known) = _queue.Decode(sequence);
        return shard.OpenCursor(_cursor).AbortAsync(session, known);
    }

    /// <inheritdoc/>
    public ValueTask ReturnAsync(SessionId session, long sequence)
    {
        var (shard, known) = _queue.Decode(sequence);
        return shard.OpenCursor(_cursor).ReturnAsync(session, known);
    }

    /// <inheritdoc/>
    public ValueTask<bool> TouchAsync(SessionId session, long sequence, TimeSpan lease)
    {
        var (shard, known) = _queue.Decode(sequence);
        return shard.OpenCursor(_cursor).TouchAsync(session, known, lease);
    }

    /// <inheritdoc/>
    public ValueTask<Commit> PurgeAsync() => OnAllAsync(cursor => cursor.PurgeAsync());

    /// <inheritdoc/>
    public ValueTask<Commit> DropAsync() => OnAllAsync(cursor => cursor.DropAsync());

    /// <inheritdoc/>
    public IQueueCursor OpenCursor(CursorName cursor) => _queue.OpenCursor(cursor);

    private async Task<TakeResult> TakeAsync(Task<TakeResult> local, SessionId session, TakeMode mode, bool mayWait)
    {
        while (true)
        {
            if (mayWait && !local.IsCompleted)
            {
                var elsewhere = await TakeElsewhereAsync(session, mode);
                if (elsewhere.Status == TakeStatus.Taken)
                {
                    await WithdrawAsync(local, session, mode);
                    return elsewhere;
                }

                await Task.WhenAny(local, Task.Delay(LooseQueue.RecheckInterval, _queue.Time));
                continue;
            }

            var here = await local;
            return here.Status == TakeStatus.Empty && !mayWait ? await TakeElsewhereAsync(session, mode) : here;
        }
    }

    private async Task<TakeResult> TakeElsewhereAsync(SessionId session, TakeMode mode)
    {
        foreach (var shard in await _queue.FindAllShardsAsync())
        {
            if (shard is not GrainQueue remote)
            {
                continue;
            }

            try
            {
                var result = await remote.TakeAsync(session, mode, TimeSpan.Zero, _cursor);
                if (result.Status == TakeStatus.Taken)
                {
                    return result with
                    {
                        Item = result.Item with { Sequence = _queue.Encode(remote, result.Item.Sequence) },
                    };
                }
            }
            catch (SiberiteException e) when (e.Error != SiberiteError.ShuttingDown)
            {
                _queue.NoteAway(remote, e); // Its silo takes its own items with it, no more.
            }
        }

        return default;
    }

    /// <summary>Ends the wait on the local shard. What it won meanwhile goes back: the session has an item from
    /// elsewhere.</summary>
    private async Task WithdrawAsync(Task<TakeResult> local, SessionId session, TakeMode mode)
    {
        Local.CancelWait(session);
        try
        {
            var won = await local;
            won.Item.Large?.Release();
            if (won.Status == TakeStatus.Taken && mode != TakeMode.Peek)
            {
                await Local.AbortAsync(session, won.Item.Sequence);
            }
        }
        catch (SiberiteException)
        {
            // The local shard could not be read: it won nothing.
        }
    }

    private async ValueTask<Commit> OnAllAsync(Func<IQueueCursor, ValueTask<Commit>> act)
    {
        var here = await act(Local);
        var others = (await _queue.FindAllShardsAsync()).OfType<GrainQueue>();
        await Task.WhenAll(others.Select(shard => act(shard.OpenCursor(_cursor)).AsTask()));
        return here;
    }
}
