using Orleans.Concurrency;
using Orleans.Placement;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>One queue's address in the cluster, on the silo that has its store.</summary>
/// <remarks>
/// The engine owns the queue, its open reads and its waits; the activation owns nothing that matters and may be lost
/// at any moment. Reentrant, so that calls of several gateways share a commit: every call changes the queue before its
/// first await.
/// </remarks>
[Reentrant, Immovable, HomePlacement]
internal sealed class QueueGrain : Grain, IQueueGrain
{
    private readonly LocalSilo _local;
    private readonly LocalQueues _queues;
    private readonly RemoteReads _reads;
    private readonly GatewayRoster _gateways;
    private readonly CallLedger _ledger;
    private readonly ShardHerald _herald;
    private readonly RunTimeSettings _settings;
    private readonly QueueName _name;

    /// <summary>The queue as it was last opened. Between that and its first append the engine does not show it to
    /// those who only look; a lost activation makes the gateway open it again.</summary>
    private Queue? _opened;

    public QueueGrain(
        IGrainContext context, LocalSilo local, LocalQueues queues, RemoteReads reads, GatewayRoster gateways,
        CallLedger ledger, ShardHerald herald, RunTimeSettings settings)
    {
        _local = local;
        _queues = queues;
        _reads = reads;
        _gateways = gateways;
        _ledger = ledger;
        _herald = herald;
        _settings = settings;
        _name = QueueAddress.Parse(context.GrainId.Key.ToString()!).Name;
    }

    /// <inheritdoc/>
    public ValueTask<long> OpenAsync()
    {
        ThrowUnlessHome();
        _opened = _queues.Open(_name);
        return new(_local.Run);
    }

    /// <inheritdoc/>
    public ValueTask<long> OpenShardAsync()
    {
        ThrowUnlessHome();
        LooseQueues.Mark(_queues, _name);
        return OpenAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<QueueReply> ExecuteAsync(QueueCall queueCall)
    {
        ThrowUnlessHome();
        Admit(queueCall.Gateway);
        if (queueCall.ExpectedRun != _local.Run)
        {
            return new QueueReply(_local.Run, Outcomes: default);
        }

        var outcomes = await _ledger.OnceAsync(
            _name, queueCall, static (grain, commands, previous) => grain.ExecuteAsync(commands, previous), this);
        _gateways.ReturnIfDead(queueCall.Gateway);
        return new QueueReply(_local.Run, new QueueOutcomes(outcomes));
    }

    /// <inheritdoc/>
    public ValueTask<QueueOutcome?> WaitAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait)
        => WaitAsync(gateway, session, mode, wait, cursor: null);

    /// <inheritdoc/>
    public ValueTask<QueueOutcome?> WaitAtCursorAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait, CursorName cursor)
        => WaitAsync(gateway, session, mode, wait, cursor);

    /// <inheritdoc/>
    public ValueTask CancelWaitAsync(SessionId session)
    {
        _reads.Cancel(_name, cursor: null, session);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask CancelCursorWaitAsync(SessionId session, CursorName cursor)
    {
        _reads.Cancel(_name, cursor, session);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync()
    {
        ThrowUnlessHome();
        _opened = null;
        LooseQueues.Unmark(_queues, _name);
        _settings.Forget(_name);

        // Synced, whatever the durability: the home record goes next, and after a power cut the items must not be back
        // without it.
        await _queues.Commits.WaitAsync(_queues.Delete(_name) with { Level = CommitLevel.Synced });
        return !_queues.HasChildren(_name);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteOutlivedAsync()
    {
        ThrowUnlessHome();
        var (isGone, commit) = _queues.FindOpened(_name) is null ? (true, default) : _queues.DropIfOutlived(_name);
        if (!isGone)
        {
            return false;
        }

        _opened = null;
        LooseQueues.Unmark(_queues, _name);
        _settings.Forget(_name);
        await _queues.Commits.WaitAsync(commit with { Level = CommitLevel.Synced });
        return !_queues.HasChildren(_name);
    }

    private async ValueTask<QueueOutcome?> WaitAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait, CursorName? cursor)
    {
        ThrowUnlessHome();
        Admit(gateway);
        if (!_local.IsAlone && _queues.FindOpened(_name) is null)
        {
            // It was deleted, or has moved: a wait here would be for an item that comes elsewhere.
            return new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null);
        }

        var taken = await _reads.WaitSliceAsync(_name, cursor, session, mode, wait);
        _gateways.ReturnIfDead(gateway);
        if (taken is not { } result)
        {
            return null;
        }

        await _queues.Commits.WaitAsync(result.Commit);
        return new QueueOutcome(default, result.Status, result.Item, Error: null) { Run = _local.Run };
    }

    /// <summary>A silo that has lost its store, or has not got it yet, is nobody's home. Its activations go, so that
    /// the next call looks for the right one.</summary>
    private void ThrowUnlessHome()
    {
        if (!_local.HasStore)
        {
            DeactivateOnIdle();
            _local.ThrowUnlessHome();
        }
    }

    /// <exception cref="SiberiteException">The gateway was declared dead: its open reads have been returned, and it
    /// must not get more.</exception>
    private void Admit(GatewayAddress gateway)
    {
        if (!_gateways.Admit(gateway))
        {
            throw new SiberiteException(
                SiberiteError.QueueUnavailable, $"Silo {gateway.Silo} has been declared dead.", inner: null);
        }
    }

    private async Task<QueueOutcome[]> ExecuteAsync(QueueCommand[] commands, PreviousCall previous)
    {
        var queue = _queues.Find(_name) ?? _opened;
        var execution = new CallExecution(_name, queue, commands, previous, _reads);
        if (execution.HasFoundEmpty && queue!.IsWatched)
        {
            _herald.NoteFoundEmpty(_name);
        }

        return await execution.EndAsync(_queues.Commits);
    }
}
