using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>The last call of a sender, as its home remembers it.</summary>
/// <param name="Number">Its number; 0 for none.</param>
/// <param name="Takers">Who took, for each command that did, in the order of the commands; <see langword="null"/> if
/// none did.</param>
/// <param name="Outcomes">How its commands ended.</param>
internal sealed record PreviousCall(long Number, Taker[]? Takers, Task<QueueOutcome[]> Outcomes)
{
    /// <summary>Payload bytes of what was taken; 0 if the call failed.</summary>
    public long TakenBytes
        => Outcomes.IsCompletedSuccessfully ? Outcomes.Result.Sum(outcome => outcome.Item.Payload?.LongLength ?? 0) : 0;

    public static Taker[]? TakersOf(QueueCommand[] commands)
        => Array.Exists(commands, static command => command.Kind == QueueCommandKind.Take)
            ? Array.ConvertAll(
                commands, static command => command is { Kind: QueueCommandKind.Take, Mode: not TakeMode.Peek }
                    ? new Taker(command.Session, command.Cursor)
                    : default)
            : null;

    /// <summary>Gives back what the call took, if it is the one that is meant: then its sender never learned of it. Any
    /// other was answered, or has been recalled before.</summary>
    public async ValueTask RecallAsync(Queue queue, long number)
    {
        if (Number != number || Takers is not { } takers)
        {
            return;
        }

        if (!Outcomes.IsCompleted)
        {
            // Takes that still wait for a read of the store. Ended now, their results are final.
            Array.ForEach(takers, taker => ReaderOf(queue, taker).CancelWait(taker.Session));
        }

        await ((Task)Outcomes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var outcomes = Outcomes.IsCompletedSuccessfully ? Outcomes.Result : [];
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i].Take == TakeStatus.Taken && takers[i] != default)
            {
                await ReaderOf(queue, takers[i]).AbortAsync(takers[i].Session, outcomes[i].Item.Sequence);
            }
        }
    }

    /// <summary>The same without payloads: a take that is asked for again is told to be unknown.</summary>
    public PreviousCall WithoutPayloads()
        => this with
        {
            Outcomes = Task.FromResult(Array.ConvertAll(Outcomes.Result, static outcome
                => outcome.Take == TakeStatus.Taken
                    ? outcome with
                    {
                        Item = new Item(outcome.Item.Sequence, [], Flags: 0),
                        Error = SiberiteError.OutcomeUnknown,
                    }
                    : outcome)),
        };

    private static IQueue ReaderOf(Queue queue, Taker taker)
        => taker.Cursor is null ? queue : queue.OpenCursor(taker.Cursor);
}

/// <summary>A session that took, from its queue or through a cursor of it.</summary>
internal readonly record struct Taker(SessionId Session, CursorName? Cursor);
