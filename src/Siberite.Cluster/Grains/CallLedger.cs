using System.Collections.Concurrent;
using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>The last call of every sender of every other gateway, and its outcome: a call that is made again, because
/// its reply was lost, is answered from here and takes effect once.</summary>
/// <remarks>
/// Belongs to the silo, not to a grain, whose activation may be lost. Bounded: one call per sender; what was answered
/// long ago, or belongs to a dead gateway, is dropped; large outcomes keep no payloads. What a call took is known for
/// as long as its gateway may recall it.
/// </remarks>
internal sealed class CallLedger : IDisposable
{
    /// <summary>Payload bytes of an outcome up to which it is kept whole. 8 KiB: beyond it a lost take is told to be
    /// unknown, and recalled.</summary>
    internal const int MaxKeptBytes = 8 << 10;

    /// <summary>How long an outcome is kept. 1 min: a gateway repeats a call within seconds or never.</summary>
    internal static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);

    /// <summary>How long it is known which items a call took. Longer than a gateway tries to have them given
    /// back.</summary>
    internal static readonly TimeSpan TakesRetention = GrainQueue.RetryTimeout + TimeSpan.FromMinutes(1);

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
    /// <param name="execute">Carries it out, knowing the sender's call before; all commands take effect before it
    /// returns a task.</param>
    /// <param name="state">Handed to <paramref name="execute"/>.</param>
    /// <exception cref="SiberiteException"><see cref="SiberiteError.OutcomeUnknown"/>: a later call of the sender came
    /// first; nobody waits for this one.</exception>
    public Task<QueueOutcome[]> OnceAsync<T>(
        QueueName queue, QueueCall call, Func<T, QueueCommand[], PreviousCall, Task<QueueOutcome[]>> execute, T state)
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

                if (call.Number < caller.Last.Number)
                {
                    throw new SiberiteException(
                        SiberiteError.OutcomeUnknown, $"Call {call.Number} came after a later one.", inner: null);
                }

                caller.At = _time.GetTimestamp();
                if (call.Number == caller.Last.Number)
                {
                    return caller.Last.Outcomes;
                }

                // Its number first: a call that fails has been made as well.
                var previous = caller.Last;
                var takers = PreviousCall.TakersOf(call.Commands.Items);
                caller.Last = new PreviousCall(call.Number, takers, Task.FromResult<QueueOutcome[]>([]));

                // The first answer is whole, also if it is there at once.
                var outcomes = execute(state, call.Commands.Items, previous);
                caller.Last = caller.Last with { Outcomes = outcomes };
                _ = SlimAsync(caller, caller.Last);
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
    private static async Task SlimAsync(Caller caller, PreviousCall call)
    {
        await ((Task)call.Outcomes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (call.Takers is not null && call.TakenBytes > MaxKeptBytes)
        {
            Slim(caller, call.Number);
        }
    }

    private static void Slim(Caller caller, long number)
    {
        lock (caller)
        {
            if (caller.Last.Number == number)
            {
                caller.Last = caller.Last.WithoutPayloads();
            }
        }
    }

    private void Sweep()
    {
        foreach (var (key, caller) in _callers)
        {
            lock (caller)
            {
                var age = _time.GetElapsedTime(caller.At);
                if (!caller.Last.Outcomes.IsCompleted || age < Retention)
                {
                    continue;
                }

                if (caller.Last.Takers is null || age >= TakesRetention)
                {
                    Drop(key, caller);
                }
                else if (caller.Last.TakenBytes > 0)
                {
                    Slim(caller, caller.Last.Number);
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
        public PreviousCall Last { get; set; } = new(Number: 0, Takers: null, Task.FromResult<QueueOutcome[]>([]));

        public long At { get; set; }

        public bool IsDropped { get; set; }
    }
}
