namespace Siberite.Ctl.Copying;

/// <summary>Copies one queue from a server to another, over the wire.</summary>
/// <remarks>
/// An item is opened at the source, set at the target, and closed at the source when the target has it on disk. So it
/// is never in the hands of this process alone: whatever ends it, the source takes back what was open, and a later run
/// goes on there.
/// <para>
/// Servers let a connection open one item, so each item that is under way has a connection of its own to the source: a
/// lane. Items are opened one after the other, around the lanes, and set in that order over one connection to the
/// target, without waiting for earlier ones. So order is kept, and a sync of the target's disk is shared. What was set
/// and not yet closed at a crash is set again by the next run, at most one item for each lane; a target that is a silo
/// is given ids, and takes all but one of them once: see <see cref="CopyJournal"/>.
/// </para>
/// </remarks>
internal sealed class QueueCopy : IDisposable
{
    private readonly string _queue;
    private readonly WireAddress _sourceAddress;
    private readonly Lane?[] _lanes;
    private readonly WireConnection _target;
    private readonly SiloTarget? _silo; // Null if the target takes no ids.
    private readonly Queue<ExpectedReply> _unanswered = new();
    private readonly SemaphoreSlim _isUnanswered = new(0);
    private readonly CancellationTokenSource _ending = new();
    private Task? _replies;

    private QueueCopy(
        string queue, WireAddress sourceAddress, int laneCount, WireConnection target, SiloTarget? silo)
    {
        _silo = silo;
        _queue = queue;
        _sourceAddress = sourceAddress;
        _lanes = new Lane?[laneCount];
        _target = target;
    }

    /// <summary>Items that the target has on disk and the source was told to close, or will be at the end.</summary>
    public long CopiedCount { get; private set; }

    /// <param name="queue">The queue.</param>
    /// <param name="sourceAddress">Where it is.</param>
    /// <param name="targetAddress">Where it goes.</param>
    /// <param name="laneCount">Items under way at a time.</param>
    /// <param name="notes">The directory for what a later run must know.</param>
    /// <param name="cancellation">Ends it; what is under way goes back.</param>
    public static async Task<QueueCopy> StartAsync(
        string queue, WireAddress sourceAddress, WireAddress targetAddress, int laneCount, string notes,
        CancellationToken cancellation)
    {
        var target = await WireConnection.ConnectAsync(targetAddress, cancellation);
        var silo = await SiloTarget.IsSiloAsync(targetAddress, cancellation)
            ? await SiloTarget.OpenAsync(
                queue, targetAddress, CopyJournal.Open(notes, sourceAddress.Text, queue, laneCount), cancellation)
            : null;
        var copy = new QueueCopy(queue, sourceAddress, laneCount, target, silo);
        copy._replies = copy.ReadRepliesAsync();
        return copy;
    }

    /// <summary>Copies until the source has no more, or so many.</summary>
    /// <returns>Whether it has more.</returns>
    public async Task<bool> CopyAsync(long maxCount, CancellationToken cancellation)
    {
        try
        {
            for (var i = 0L; i < maxCount; i++)
            {
                var place = (int)(CopiedCount % _lanes.Length);
                var lane = await NextLaneAsync(place, cancellation);
                if (await lane.OpenNextAsync(_queue, cancellation) is not { } item)
                {
                    await FinishAsync(cancellation);
                    return false;
                }

                var id = _silo?.Journal.BeginSet(place, item);
                lane.Stored = ExpectReply(mayBeThere: id?.MayBeThere == true);
                await _target.SendSetAsync(
                    id is null ? $"{_queue}/sync" : $"{_queue}/sync/id={id.Value.Text}", item, cancellation);
                CopiedCount++;
            }

            return true;
        }
        catch (CtlException e) when (_replies is { IsFaulted: true })
        {
            // What the target said explains it better than a broken connection.
            throw (_replies.Exception.InnerException as CtlException) ?? e;
        }
    }

    public void Dispose()
    {
        _ending.Cancel();
        _target.Dispose();
        _silo?.Journal.Dispose();
        Array.ForEach(_lanes, lane => lane?.Dispose());
        _ending.Dispose();
        _isUnanswered.Dispose();
    }

    /// <summary>Closes what the target has, where that can be done: a later run would set it again.</summary>
    public async Task SettleAsync()
    {
        try
        {
            // A close that is sent to a source that is gone would only blur what is known of the item.
            using var probe = await WireConnection.ConnectAsync(_sourceAddress, CancellationToken.None);
            foreach (var (place, lane) in _lanes.Index())
            {
                if (lane?.Stored is { IsCompletedSuccessfully: true })
                {
                    _silo?.Journal.BeginClose(place);
                    await lane.CloseAsync(_queue, CancellationToken.None);
                }
            }
        }
        catch (CtlException)
        {
            // The source is gone; it takes the items back, and a later run finds them there.
        }
    }

    private async Task<Lane> NextLaneAsync(int index, CancellationToken cancellation)
    {
        if (_lanes[index] is not { } lane)
        {
            return _lanes[index] = new Lane(await WireConnection.ConnectAsync(_sourceAddress, cancellation));
        }

        await lane.Stored.WaitAsync(cancellation);
        _silo?.Journal.BeginClose(index);
        return lane;
    }

    /// <summary>Waits for what is under way, and closes it.</summary>
    private async Task FinishAsync(CancellationToken cancellation)
    {
        foreach (var (place, lane) in _lanes.Index())
        {
            if (lane is not null)
            {
                await lane.Stored.WaitAsync(cancellation);
                _silo?.Journal.BeginClose(place);
                await lane.CloseAsync(_queue, cancellation);
            }
        }

        _silo?.Journal.Complete();
    }

    private Task ExpectReply(bool mayBeThere)
    {
        var stored = new ExpectedReply(mayBeThere);
        lock (_unanswered)
        {
            _unanswered.Enqueue(stored);
        }

        _isUnanswered.Release();
        return stored.Task;
    }

    private async Task ReadRepliesAsync()
    {
        try
        {
            while (true)
            {
                await _isUnanswered.WaitAsync(_ending.Token);
                var line = await _target.ReadLineAsync(_ending.Token);
                if (line != "STORED" && !await IsThereAsync(line))
                {
                    throw line == "NOT_STORED"
                        ? new CtlException(ExitCodes.Failed, $"queue {_queue} is full at the target")
                        : _target.Refused(line);
                }

                NextUnanswered().SetResult();
            }
        }
        catch (Exception e)
        {
            FailUnanswered(e);
            throw;
        }
    }

    /// <summary>Whether the target has the item from an earlier run. The same reply would say that it is full, so a
    /// queue with limits is never taken at its word.</summary>
    private async Task<bool> IsThereAsync(string line)
    {
        bool mayBeThere;
        lock (_unanswered)
        {
            mayBeThere = _unanswered.Peek().MayBeThere;
        }

        return line == "NOT_STORED" && mayBeThere && await _silo!.HasLimitsAsync(_ending.Token) == false;
    }

    private ExpectedReply NextUnanswered()
    {
        lock (_unanswered)
        {
            return _unanswered.Dequeue();
        }
    }

    private void FailUnanswered(Exception failure)
    {
        lock (_unanswered)
        {
            foreach (var stored in _unanswered)
            {
                stored.TrySetException(failure);
                _ = stored.Task.Exception; // Not everybody is waited for.
            }
        }
    }

    private sealed class ExpectedReply(bool mayBeThere)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool MayBeThere => mayBeThere;
    }
}
