using System.Buffers;
using Microsoft.Extensions.Logging;
using Siberite.Contracts;

namespace Siberite.Queues;

/// <summary>The commit pipeline: mutations of all queues gather in one open batch, and one committer makes it durable
/// while the next one fills.</summary>
/// <remarks>
/// Lock order: commit turn, then a queue's gate, then this log's gate. A queue changes its memory and appends the
/// mutation under its own gate, so batches hold a queue's mutations in the order they took effect.
/// <code>
/// policy    who commits                              a set's reply waits for
/// Always    the committer thread, one sync a batch   Synced
/// Interval  the session that asks, on its thread     Written; the committer thread syncs every SyncInterval
/// Os        the session that asks, on its thread     Written
/// </code>
/// A queue may have another policy than the silo. Its items share the batches of all others: a batch with an item
/// under <c>Always</c> is synced as a whole, one without is not synced for anybody. Who commits is the silo's policy.
/// A failed write or sync is final: the kernel may have dropped the dirty pages, and a retry would acknowledge what is
/// lost. Nothing is ever written again.
/// </remarks>
public sealed partial class CommitLog : ICommitLog, IDisposable
{
    /// <summary>Longest time a close that nobody waits for stays in memory. It bounds what a crash redelivers; 20 ms
    /// is long enough to share a write with the traffic of the moment.</summary>
    private static readonly TimeSpan IdleCommitDelay = TimeSpan.FromMilliseconds(20);

    private readonly IQueueStore _store;
    private readonly Durability _durability;
    private readonly TimeSpan _syncInterval;
    private readonly ILogger _log;
    private readonly ITimer _idleTimer;
    private readonly ITimer _syncTimer;
    private readonly Thread? _committer;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly CommitListeners _listeners = new();

    private readonly Lock _turn = new(); // Held by whoever commits.
    private readonly Lock _gate = new(); // Guards the open batch and the listeners.
    private IStoreBatch _open;
    private IStoreBatch? _spare; // Null while a batch is being written.
    private List<QueueReader> _openReaders = [];
    private List<QueueReader> _spareReaders = [];
    private readonly List<QueueReader> _laterReaders = []; // Written with the next idle commit.
    private bool _openMustSync;
    private bool _idleCommitPlanned;

    private long _openBatch = 1;
    private long _sealedBatch;
    private long _writtenBatch;
    private long _syncedBatch;
    private long _wantedWritten;
    private long _wantedSynced;
    private volatile Exception? _failure;
    private volatile bool _stopping;
    private volatile bool _committerSleeps;

    /// <summary>Starts the pipeline over <paramref name="store"/>, which it does not own.</summary>
    public CommitLog(
        IQueueStore store, StorageOptions options, TimeProvider time, IBackground background, ILogger log)
    {
        _store = store;
        _durability = options.Durability;
        _log = log;
        _open = store.CreateBatch();
        _spare = store.CreateBatch();
        _idleTimer = time.CreateTimer(
            static state => ((CommitLog)state!).CommitIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _syncInterval = options.SyncInterval;
        _syncTimer = time.CreateTimer(
            static state => ((CommitLog)state!).WantSync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (_durability == Durability.Interval)
        {
            StartSyncTimer();
        }

        if (background.HasThreads)
        {
            _committer = new Thread(RunCommitter) { Name = "Siberite committer", IsBackground = true };
            _committer.Start();
        }
    }

    /// <inheritdoc/>
    public bool HasFailed => _failure is not null;

    /// <summary>Called once, on any thread, with what made the store fail.</summary>
    public event Action<Exception>? Failed;

    /// <summary>What a reply waits for that is about no queue, or about several.</summary>
    internal CommitLevel SetLevel => LevelOf(_durability);

    /// <summary>Every batch up to this one has been handed to the operating system.</summary>
    internal long WrittenBatch => Volatile.Read(ref _writtenBatch);

    /// <summary>No batch beyond this one has been given to the store: what a read of the store finds belongs to it or
    /// an earlier one.</summary>
    internal long SealedBatch => Volatile.Read(ref _sealedBatch);

    /// <inheritdoc/>
    public bool IsDone(Commit commit)
        => commit.Batch <= (commit.Level == CommitLevel.Synced
            ? Volatile.Read(ref _syncedBatch)
            : Volatile.Read(ref _writtenBatch));

    /// <inheritdoc/>
    public void Request(Commit commit)
    {
        if (IsDone(commit) || HasFailed)
        {
            return;
        }

        if (commit.Level == CommitLevel.Synced)
        {
            RaiseTo(ref _wantedSynced, commit.Batch);
            WakeCommitter();
        }
        else
        {
            RaiseTo(ref _wantedWritten, commit.Batch);
            if (_durability == Durability.Always)
            {
                WakeCommitter(); // A socket thread must not wait behind a sync.
            }
            else
            {
                WriteWanted();
            }
        }
    }

    /// <inheritdoc/>
    public void Notify(Commit commit, ICommitListener listener)
    {
        lock (_gate)
        {
            if (!IsDone(commit) && !HasFailed)
            {
                _listeners.Add(commit, listener);
                return;
            }
        }

        listener.OnCommitted();
    }

    /// <summary>Commits and syncs everything, then stops. Nothing may be appended any more.</summary>
    public void Dispose()
    {
        _idleTimer.Dispose();
        _syncTimer.Dispose();
        _stopping = true;
        _wake.Set();
        _committer?.Join();
        lock (_turn)
        {
            if (!HasFailed)
            {
                TakeLaterReaders();
                CommitOpenBatch(mustSync: true);
            }
        }
    }

    /// <summary>Holds the open batch, so that several mutations stand or fall together.</summary>
    internal Lock.Scope HoldBatch() => _gate.EnterScope();

    /// <summary>Adds an item to the open batch.</summary>
    /// <param name="queueId">Its queue.</param>
    /// <param name="header">What stands before its payload.</param>
    /// <param name="payload">Copied.</param>
    /// <param name="durability">The queue's policy, or a stricter one for this item.</param>
    internal Commit Append(
        long queueId, in ItemHeader header, in ReadOnlySequence<byte> payload, Durability durability)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            _open.AppendItem(queueId, header, payload);
            return CommitOpen(durability);
        }
    }

    /// <summary>Adds a rare mutation to the open batch.</summary>
    internal Commit Mutate<TState>(TState state, Action<IStoreBatch, TState> mutate)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            mutate(_open, state);
            PlanIdleCommit();
            return new Commit(_openBatch, SetLevel);
        }
    }

    /// <summary>Has the place of <paramref name="reader"/> written with the open batch, as it stands by then.</summary>
    /// <returns>The batch that will carry it.</returns>
    internal long MarkReader(QueueReader reader)
    {
        lock (_gate)
        {
            _openReaders.Add(reader);
            PlanIdleCommit();
            return _openBatch;
        }
    }

    /// <summary>Has the place of <paramref name="reader"/> written within <see cref="IdleCommitDelay"/>: nobody waits
    /// for it, and a busy queue's place is then written once for many batches.</summary>
    internal void MarkReaderLater(QueueReader reader)
    {
        lock (_gate)
        {
            _laterReaders.Add(reader);
            PlanIdleCommit();
        }
    }

    internal void ThrowIfFailed()
    {
        if (HasFailed)
        {
            throw Failure();
        }
    }

    /// <summary>What is told to whoever asks for something once <see cref="HasFailed"/>.</summary>
    internal SiberiteException Failure() => new(SiberiteError.StorageFailed, "The store has failed.", _failure);

    /// <summary>Ends the log because the store failed at something else than a commit.</summary>
    internal void FailFrom(Exception e)
    {
        lock (_turn)
        {
            if (!HasFailed)
            {
                Fail(e);
            }
        }

        NotifyDone();
    }

    /// <summary>Writes and, as the policy or a request asks, syncs the open batch. For tests without threads.</summary>
    internal void CommitNow()
    {
        lock (_turn)
        {
            TakeLaterReaders();
            CommitOpenBatch(MustSyncNow());
        }
    }

    private static void RaiseTo(ref long target, long value)
    {
        var seen = Volatile.Read(ref target);
        while (seen < value)
        {
            var found = Interlocked.CompareExchange(ref target, value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    private void PlanIdleCommit()
    {
        if (!_idleCommitPlanned)
        {
            _idleCommitPlanned = true;
            _idleTimer.Change(IdleCommitDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private void CommitIdle()
    {
        Commit open;
        lock (_gate)
        {
            _idleCommitPlanned = false;
            TakeLaterReaders();
            open = new Commit(_openBatch, CommitLevel.Written);
        }

        Request(open);
    }

    private void TakeLaterReaders()
    {
        lock (_gate)
        {
            _openReaders.AddRange(_laterReaders);
            _laterReaders.Clear();
        }
    }

    /// <summary>Seals the open batch and makes it durable. The caller has the turn.</summary>
    private void CommitOpenBatch(bool mustSync)
    {
        if (HasFailed)
        {
            return;
        }

        var (batch, readers, number) = Seal(ref mustSync);
        try
        {
            foreach (var reader in readers)
            {
                reader.Write(batch);
            }

            Volatile.Write(ref _assembledBatch, number);

            readers.Clear();
            if (!batch.IsEmpty)
            {
                _store.Write(batch);
            }

            Volatile.Write(ref _writtenBatch, number);
            if (mustSync)
            {
                NotifyDone();
                _store.Sync();
                Volatile.Write(ref _syncedBatch, number);
            }
        }
#pragma warning disable CA1031 // Whatever went wrong, the batch's fate is unknown.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
        }

        batch.Clear();
        lock (_gate)
        {
            _spare = batch;
            _spareReaders = readers;
        }

        NotifyDone();
    }

    private (IStoreBatch Batch, List<QueueReader> Readers, long Number) Seal(ref bool mustSync)
    {
        lock (_gate)
        {
            var sealedBatch = _open;
            var readers = _openReaders;
            _open = _spare!;
            _spare = null;
            _openReaders = _spareReaders;
            mustSync |= _openMustSync;
            _openMustSync = false;
            Volatile.Write(ref _sealedBatch, _openBatch);
            return (sealedBatch, readers, _openBatch++);
        }
    }

    private void Fail(Exception e)
    {
        _failure = e;
        LogFailed(_log, e);
        Failed?.Invoke(e);
    }

    /// <summary>Tells those whose commit is done. They only hand the news on, so this thread does it itself: a hop
    /// costs more than all of them.</summary>
    private void NotifyDone()
    {
        List<ICommitListener>? done;
        lock (_gate)
        {
            done = _listeners.TakeDone(this);
        }

        if (done is null)
        {
            return; // Most commits end here.
        }

        foreach (var listener in done)
        {
            listener.OnCommitted();
        }
    }
}
