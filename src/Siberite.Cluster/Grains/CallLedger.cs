using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The last call of every sender of every other gateway, and its outcome: a call that is made again, because
/// its reply was lost, is answered from here and takes effect once.</summary>
/// <remarks>
/// Belongs to the silo, not to a grain, whose activation may be lost. Bounded: one call per sender; what was answered
/// long ago, or belongs to a dead gateway, is dropped; large outcomes keep no payloads.
/// </remarks>
internal sealed class CallLedger : IDisposable
{
    /// <summary>Payload bytes of an outcome up to which it is kept whole. 8 KiB: beyond it a lost take is told to be
    /// unknown, and recalled.</summary>
    internal const int MaxKeptBytes = 8 << 10;

    /// <summary>How long an outcome is kept. 1 min: a gateway repeats a call within seconds or never.</summary>
    internal static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ITimer _sweepTimer;
    private readonly ConcurrentDictionary<CallerKey, Caller> _callers = new();

    public CallLedger(TimeProvider time)
    {
        _time = time;
        _sweepTimer = time.CreateTimer(
            static state => ((CallLedger)state!).Sweep(), this, Retention / 2, Retention / 2);
    }

    /// <summary>Senders that are remembered.</summary>
    internal int Count => _callers.Count;

    /// <summary>Carries a call out, or answers it as the first time.</summary>
    /// <param name="queue">Which queue it is to.</param>
    /// <param name="call">The call.</param>
    /// <param name="execute">Carries it out; all commands take effect before it returns a task.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.OutcomeUnknown"/>: a later call of the sender came
    /// first; nobody waits for this one.</exception>
    public Task<QueueOutcome[]> OnceAsync(QueueName queue, QueueCall call, Func<Task<QueueOutcome[]>> execute)
    {
        var key = new CallerKey(queue, call.Gateway.Number, call.Sender);
        while (true)
        {
            var caller = _callers.GetOrAdd(key, static _ => new Caller());
            lock (caller)
            {
                if (caller.IsDropped)
                {
                    continue;
                }

                if (call.Number < caller.Number)
                {
                    throw new SiberiteException(
                        SiberiteError.OutcomeUnknown, $"Call {call.Number} came after a later one.", inner: null);
                }

                caller.At = _time.GetTimestamp();
                if (call.Number == caller.Number)
                {
                    return caller.Outcomes;
                }

                // The first answer is whole, also if it is there at once.
                var outcomes = execute();
                caller.Number = call.Number;
                caller.Outcomes = outcomes;
                _ = SlimAsync(caller, call.Number, outcomes);
                return outcomes;
            }
        }
    }

    /// <summary>Forgets a gateway that is gone.</summary>
    public void Drop(long gateway)
    {
        foreach (var (key, caller) in _callers)
        {
            if (key.Gateway == gateway)
            {
                Drop(key, caller);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sweepTimer.Dispose();

    /// <summary>Lets go of large payloads once the first reply is on its way.</summary>
    private static async Task SlimAsync(Caller caller, long number, Task<QueueOutcome[]> executing)
    {
        await ((Task)executing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!executing.IsCompletedSuccessfully
            || executing.Result.Sum(outcome => outcome.Item.Payload?.LongLength ?? 0) <= MaxKeptBytes)
        {
            return;
        }

        var slim = Array.ConvertAll(executing.Result, static outcome => outcome.Take == TakeStatus.Taken
            ? outcome with { Item = default, Error = SiberiteError.OutcomeUnknown }
            : outcome);
        lock (caller)
        {
            if (caller.Number == number)
            {
                caller.Outcomes = Task.FromResult(slim);
            }
        }
    }

    private void Sweep()
    {
        foreach (var (key, caller) in _callers)
        {
            lock (caller)
            {
                if (caller.Outcomes.IsCompleted && _time.GetElapsedTime(caller.At) >= Retention)
                {
                    Drop(key, caller);
                }
            }
        }
    }

    private void Drop(CallerKey key, Caller caller)
    {
        lock (caller)
        {
            caller.IsDropped = true;
            _callers.TryRemove(new(key, caller));
        }
    }

    private readonly record struct CallerKey(QueueName Queue, long Gateway, long Sender);

    private sealed class Caller
    {
        public long Number { get; set; }

        public Task<QueueOutcome[]> Outcomes { get; set; } = Task.FromResult<QueueOutcome[]>([]);

        public long At { get; set; }

        public bool IsDropped { get; set; }
    }
}
