using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>Carries out the commands of one call on their queue's home, and answers when all are committed.</summary>
/// <remarks>All take effect in the constructor, in their order; a take may yet have to read the store. What a queue
/// answers at once costs no object of its own.</remarks>
internal sealed class CallExecution
{
    /// <summary>Payload bytes after which no more is taken in one call. 1 MiB, as for the way there: a reply must stay
    /// a message of decent size.</summary>
    internal const int MaxTakenBytes = 1 << 20;

    private static readonly QueueOutcome Gone = new(AppendStatus.Gone, TakeStatus.Gone, default, Error: null);
    private static readonly QueueOutcome Moving = new(default, default, default, SiberiteError.QueueMoving);
    private static readonly QueueOutcome Deferred = new(default, default, default, Error: null, IsDeferred: true);

    private readonly QueueCommand[] _commands;
    private readonly QueueOutcome[] _outcomes;
    private readonly RemoteReads _reads;
    private readonly PreviousCall _previous;
    private readonly QueueName _name;
    private List<(int Index, Task Ending)>? _underWay;
    private Commit _written = new(0, CommitLevel.Written);
    private Commit _synced = new(0, CommitLevel.Synced);
    private long _takenBytes;

    /// <param name="name">The queue's name.</param>
    /// <param name="queue">The queue, or <see langword="null"/> if it is not here.</param>
    /// <param name="commands">What to do.</param>
    /// <param name="previous">The sender's call before this one.</param>
    /// <param name="reads">What waits of sessions elsewhere won.</param>
    public CallExecution(
        QueueName name, Queue? queue, QueueCommand[] commands, PreviousCall previous, RemoteReads reads)
    {
        _name = name;
        _commands = commands;
        _outcomes = new QueueOutcome[commands.Length];
        _reads = reads;
        _previous = previous;
        if (queue is null)
        {
            Array.Fill(_outcomes, Gone);
            return;
        }

        var isHeld = queue.IsHeldStill; // Asked once: an append must not overtake one that was refused.
        for (var i = 0; i < commands.Length; i++)
        {
            ref readonly var command = ref commands[i];
            var mayWait = command.Kind is QueueCommandKind.Append or QueueCommandKind.Take;
            var maySkip = mayWait || command.Kind is QueueCommandKind.Purge or QueueCommandKind.DropCursor;
            if ((maySkip && _takenBytes >= MaxTakenBytes) || (mayWait && isHeld))
            {
                // It waits at its gateway, where closes can pass it, and not here.
                _outcomes[i] = isHeld ? Moving : Deferred;
                continue;
            }

            try
            {
                Apply(queue, command, i);
            }
            catch (SiberiteException e)
            {
                _outcomes[i] = Refused(e);
            }
        }
    }

    /// <summary>Whether a take found the queue empty.</summary>
    public bool HasFoundEmpty { get; private set; }

    /// <summary>The outcomes, in the order of the commands, once all are committed.</summary>
    public async Task<QueueOutcome[]> EndAsync(ICommitLog commits)
    {
        foreach (var (index, ending) in _underWay ?? [])
        {
            try
            {
                await ending;
                NoteEnd(index, ending);
            }
            catch (SiberiteException e)
            {
                _outcomes[index] = Refused(e);
            }
        }

        try
        {
            await commits.WaitAsync(_synced);
            await commits.WaitAsync(_written);
        }
        catch (SiberiteException)
        {
            for (var i = 0; i < _outcomes.Length; i++)
            {
                if (IsInDoubt(_commands[i], _outcomes[i]))
                {
                    _outcomes[i] = _outcomes[i] with { Error = SiberiteError.StorageFailed };
                }
            }
        }

        return _outcomes;
    }

    private void Apply(Queue queue, in QueueCommand command, int index)
    {
        IQueue reader = command.Cursor is null ? queue : queue.OpenCursor(command.Cursor);
        switch (command.Kind)
        {
            case QueueCommandKind.Append:
                Append(queue, command, index);
                break;
            case QueueCommandKind.Take:
                Take(reader, command, index);
                break;
            case QueueCommandKind.Close:
                _reads.Forget(_name, command.Cursor, command.Session, command.Sequence);
                NoteCommit(AtOnce(reader.CloseAsync(command.Session, command.Sequence)));
                break;
            case QueueCommandKind.CloseSent:
                CloseSent(reader, command);
                break;
            case QueueCommandKind.Abort:
                _reads.Forget(_name, command.Cursor, command.Session, command.Sequence);
                Follow(index, reader.AbortAsync(command.Session, command.Sequence));
                break;
            case QueueCommandKind.Return:
                _reads.Forget(_name, command.Cursor, command.Session, command.Sequence);
                Follow(index, reader.ReturnAsync(command.Session, command.Sequence));
                break;
            case QueueCommandKind.Touch:
                var isOpen = AtOnce(reader.TouchAsync(command.Session, command.Sequence, command.Lease));
                _outcomes[index] = default(QueueOutcome) with { IsOpen = isOpen };
                break;
            case QueueCommandKind.Purge:
                NoteCommit(AtOnce(reader.PurgeAsync()));
                break;
            case QueueCommandKind.DropCursor:
                NoteCommit(AtOnce(queue.OpenCursor(command.Cursor!).DropAsync()));
                break;
            case QueueCommandKind.Recall:
                Follow(index, _reads.RecallAsync(_name, command.Cursor, command.Session));
                break;
            case QueueCommandKind.RecallCall:
                Follow(index, _previous.RecallAsync(queue, number: command.Sequence));
                break;
            default:
                throw new NotSupportedException($"Queue command {command.Kind} is not known to this silo.");
        }
    }

    private void Append(Queue queue, in QueueCommand command, int index)
    {
        var append = queue.AppendAsync(AppendCommands.DraftOf(command));
        if (append.IsCompleted)
        {
            NoteAppended(index, append.GetAwaiter().GetResult());
        }
        else
        {
            (_underWay ??= []).Add((index, append.AsTask())); // The queue was held still just now.
        }
    }

    private void Take(IQueue reader, in QueueCommand command, int index)
    {
        var take = reader.TakeAsync(command.Session, command.Mode, TimeSpan.Zero);
        if (!take.IsCompleted)
        {
            // From the store, with others to come: nobody knows how large they are.
            (_underWay ??= []).Add((index, reader.BringInMemoryAsync(command.Session, take)));
            _takenBytes = MaxTakenBytes;
            return;
        }

        var result = take.GetAwaiter().GetResult();
        if (result.Item.Large is { } large)
        {
            (_underWay ??= []).Add((index, reader.BringInMemoryAsync(command.Session, new(result))));
            _takenBytes += large.Length;
        }
        else
        {
            NoteTaken(index, result);
        }
    }

    private void CloseSent(IQueue reader, in QueueCommand command)
    {
        foreach (var sequence in command.Sequences ?? [])
        {
            _reads.Forget(_name, command.Cursor, command.Session, sequence);
            NoteCommit(AtOnce(reader.CloseAsync(command.Session, sequence)));
        }
    }

    private void NoteEnd(int index, Task ending)
    {
        if (ending is Task<TakeResult> take)
        {
            NoteTaken(index, take.Result);
        }
        else if (ending is Task<AppendResult> append)
        {
            NoteAppended(index, append.Result);
        }
    }

    private void NoteAppended(int index, in AppendResult result)
    {
        NoteCommit(result.Commit);
        _outcomes[index] = new QueueOutcome(result.Status, default, default, Error: null);
    }

    private void NoteTaken(int index, in TakeResult result)
    {
        HasFoundEmpty |= result.Status == TakeStatus.Empty && _commands[index].Cursor is null;
        _takenBytes += result.Item.PayloadBytes;
        NoteCommit(result.Commit);
        _outcomes[index] = new QueueOutcome(default, result.Status, result.Item, Error: null);
    }

    private void Follow(int index, ValueTask ending)
    {
        if (!ending.IsCompletedSuccessfully)
        {
            (_underWay ??= []).Add((index, ending.AsTask()));
        }
    }

    /// <summary>Batches are committed in order, so the last one of each level is all there is to wait for.</summary>
    private void NoteCommit(Commit commit)
    {
        ref var last = ref (commit.Level == CommitLevel.Synced ? ref _synced : ref _written);
        last = commit.Batch > last.Batch ? commit : last;
    }

    /// <summary>The engine answers these at once.</summary>
    private static T AtOnce<T>(ValueTask<T> result)
        => result.IsCompleted
            ? result.GetAwaiter().GetResult()
            : throw new InvalidOperationException("The engine has not answered at once.");

    private static bool IsInDoubt(in QueueCommand command, in QueueOutcome outcome) => command.Kind switch
    {
        QueueCommandKind.Append => outcome is { Error: null, IsDeferred: false }
            && outcome.Append is (AppendStatus.Stored or AppendStatus.Duplicate),
        QueueCommandKind.Take => outcome.Take == TakeStatus.Taken,
        QueueCommandKind.Close or QueueCommandKind.CloseSent or QueueCommandKind.Purge or QueueCommandKind.DropCursor =>
            outcome is { Error: null, IsDeferred: false },
        _ => false,
    };

    private static QueueOutcome Refused(SiberiteException e) => new(default, default, default, e.Error);
}
