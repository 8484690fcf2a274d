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
            return new QueueReply(_local.Run, Outcomes: null);
        }

        var outcomes = await _ledger.OnceAsync(_name, queueCall, () => ExecuteAsync(queueCall.Commands));
        _gateways.ReturnIfDead(queueCall.Gateway);
        return new QueueReply(_local.Run, outcomes);
    }

    /// <inheritdoc/>
    public async ValueTask<QueueOutcome?> WaitAsync(
        GatewayAddress gateway, SessionId session, TakeMode mode, TimeSpan wait)
    {
        ThrowUnlessHome();
        Admit(gateway);
        if (!_local.IsAlone && _queues.FindOpened(_name) is null)
        {
            // It was deleted, or has moved: a wait here would be for an item that comes elsewhere.
            return new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null);
        }

        var taken = await _reads.WaitSliceAsync(_name, session, mode, wait);
        _gateways.ReturnIfDead(gateway);
        if (taken is not { } result)
        {
            return null;
        }

        await _queues.Commits.WaitAsync(result.Commit);
        return new QueueOutcome(default, result.Status, result.Item, Error: null);
    }

    /// <inheritdoc/>
    public ValueTask CancelWaitAsync(SessionId session)
    {
        _reads.Cancel(_name, session);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync()
    {
        ThrowUnlessHome();
        _opened = null;
        LooseQueues.Unmark(_queues, _name);
        _settings.Forget(_name);

        // Synced, whatever the durability: the home record goes next, and after a power cut the items must not be back
        // without it.
        await _queues.Commits.WaitAsync(_queues.Delete(_name) with { Level = CommitLevel.Synced });
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

    private async Task<QueueOutcome[]> ExecuteAsync(QueueCommand[] commands)
    {
        var queue = _queues.Find(_name) ?? _opened;

        // All take effect here, in order; a take may yet have to read the store.
        var isHeld = queue?.IsHeldStill == true; // Asked once: an append must not overtake one that was refused.
        var applying = Array.ConvertAll(commands, command => ApplyAsync(queue, command, isHeld));
        var applied = await Task.WhenAll(applying);
        var isCommitted = await TryCommitAsync(applied);
        return Array.ConvertAll(
            applied, end => isCommitted || end.Commit.Batch == 0 ? end.Outcome : Failed(end.Outcome));
    }

    private static QueueOutcome Failed(QueueOutcome outcome) => outcome with { Error = SiberiteError.StorageFailed };

    private async Task<Applied> ApplyAsync(Queue? queue, QueueCommand command, bool isHeld)
    {
        if (queue is null)
        {
            return new Applied(new QueueOutcome(AppendStatus.Gone, TakeStatus.Gone, default, Error: null), default);
        }

        if (isHeld && command.Kind is (QueueCommandKind.Append or QueueCommandKind.Take))
        {
            // It waits at its gateway, where closes can pass it, and not here.
            return new Applied(new QueueOutcome(default, default, default, SiberiteError.QueueMoving), default);
        }

        try
        {
            return command.Kind switch
            {
                QueueCommandKind.Append => await AppendAsync(queue, command),
                QueueCommandKind.Take => await TakeAsync(queue, command),
                QueueCommandKind.Close => await CloseAsync(queue, command),
                QueueCommandKind.Abort => await AbortAsync(queue, command),
                QueueCommandKind.Return => await ReturnAsync(queue, command),
                QueueCommandKind.Touch => await TouchAsync(queue, command),
                QueueCommandKind.Purge => new Applied(default, await queue.PurgeAsync()),
                QueueCommandKind.Recall => await RecallAsync(command),
                _ => throw new NotSupportedException($"Queue command {command.Kind} is not known to this silo."),
            };
        }
        catch (SiberiteException e)
        {
            return new Applied(new QueueOutcome(default, default, default, e.Error), default);
        }
    }

    private static async ValueTask<Applied> AppendAsync(Queue queue, QueueCommand command)
    {
        var result = await queue.AppendAsync(AppendCommands.DraftOf(command));
        return new Applied(new QueueOutcome(result.Status, default, default, Error: null), result.Commit);
    }

    private async ValueTask<Applied> TakeAsync(Queue queue, QueueCommand command)
    {
        var result = await _reads.Take(queue, command.Session, command.Mode, TimeSpan.Zero);
        if (result.Status == TakeStatus.Empty && queue.IsWatched)
        {
            _herald.NoteFoundEmpty(_name);
        }

        try
        {
            var item = result.Item.InMemory();
            return new Applied(new QueueOutcome(default, result.Status, item, Error: null), result.Commit);
        }
        catch (SiberiteException)
        {
            await queue.AbortAsync(command.Session, result.Item.Sequence); // Nobody has seen it.
            throw;
        }
    }

    private async ValueTask<Applied> CloseAsync(Queue queue, QueueCommand command)
    {
        _reads.Forget(_name, command.Session, command.Sequence);
        return new Applied(default, await queue.CloseAsync(command.Session, command.Sequence));
    }

    private async ValueTask<Applied> AbortAsync(Queue queue, QueueCommand command)
    {
        _reads.Forget(_name, command.Session, command.Sequence);
        await queue.AbortAsync(command.Session, command.Sequence);
        return default;
    }

    private async ValueTask<Applied> ReturnAsync(Queue queue, QueueCommand command)
    {
        _reads.Forget(_name, command.Session, command.Sequence);
        await queue.ReturnAsync(command.Session, command.Sequence);
        return default;
    }

    private static async ValueTask<Applied> TouchAsync(Queue queue, QueueCommand command)
    {
        var isOpen = await queue.TouchAsync(command.Session, command.Sequence, command.Lease);
        return new Applied(default(QueueOutcome) with { IsOpen = isOpen }, default);
    }

    private async ValueTask<Applied> RecallAsync(QueueCommand command)
    {
        await _reads.RecallAsync(_name, command.Session);
        return default;
    }

    /// <summary>Waits for the last batch of each level: batches are committed in order.</summary>
    private async ValueTask<bool> TryCommitAsync(Applied[] applied)
    {
        var written = new Commit(0, CommitLevel.Written);
        var synced = new Commit(0, CommitLevel.Synced);
        foreach (var end in applied)
        {
            if (end.Commit.Level == CommitLevel.Synced)
            {
                synced = end.Commit.Batch > synced.Batch ? end.Commit : synced;
            }
            else
            {
                written = end.Commit.Batch > written.Batch ? end.Commit : written;
            }
        }

        try
        {
            await _queues.Commits.WaitAsync(synced);
            await _queues.Commits.WaitAsync(written);
            return true;
        }
        catch (SiberiteException)
        {
            return false;
        }
    }

    private readonly record struct Applied(QueueOutcome Outcome, Commit Commit);
}
