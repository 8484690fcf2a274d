using Siberite.Contracts;

namespace Siberite.Cluster;

/// <summary>What a failed grain call means.</summary>
/// <param name="Refusal">What the caller is told.</param>
/// <param name="IsUnknown">Whether the call may have taken effect.</param>
internal readonly record struct GrainCallFailure(SiberiteException Refusal, bool IsUnknown)
{
    /// <summary>Tries of a directory call. 5: several gateways that look for one name that is not there meet its
    /// activation on its way out more than once.</summary>
    private const int MaxDirectoryTries = 5;

    /// <summary>Judges <paramref name="failure"/>, or returns <see langword="null"/> if it is a bug.</summary>
    /// <remarks><code>
    /// failure                         took effect  because
    /// SiberiteException that it stops    no           another silo does, so for this one the queue is away
    /// SiberiteException, also within
    ///   an OrleansException           no           the silo itself refused, or there is no home to send it to
    /// TimeoutException                perhaps      the reply did not come in time
    /// SiloUnavailableException        perhaps      the silo went away before it answered
    /// LimitExceededException          no           rejected: the grain has its fill of calls
    /// other OrleansException          no           rejected: no silo to place the grain on
    /// OperationCanceledException,
    /// ObjectDisposedException         no           this silo is stopping, or has not begun
    /// </code></remarks>
    public static GrainCallFailure? From(Exception failure, QueueName queue) => failure switch
    {
        SiberiteException refusal => new(AtHome(refusal, queue), IsUnknown: false),
        OrleansException { InnerException: SiberiteException refusal } => new(AtHome(refusal, queue), IsUnknown: false),
        TimeoutException or SiloUnavailableException => new(
            new SiberiteException(
                SiberiteError.OutcomeUnknown,
                $"The silo of queue {queue} did not answer: the command may have taken effect.", failure),
            IsUnknown: true),
        LimitExceededException or OrleansException { InnerException: LimitExceededException } => new(
            new SiberiteException(
                SiberiteError.QueueBusy, $"Queue {queue} has its fill of calls: {failure.Message}", failure),
            IsUnknown: false),
        OrleansException => new(
            new SiberiteException(
                SiberiteError.QueueUnavailable, $"Queue {queue} is unavailable: {FirstLine(failure)}", failure),
            IsUnknown: false),
        OperationCanceledException or ObjectDisposedException => new(
            new SiberiteException(SiberiteError.ShuttingDown, "The silo is stopping.", failure), IsUnknown: false),
        _ => null,
    };

    /// <remarks>Some messages of the runtime have a whole exception in them, stack and all.</remarks>
    private static string FirstLine(Exception failure) => failure.Message.Split('\n', 2)[0].TrimEnd();

    private static SiberiteException AtHome(SiberiteException refusal, QueueName queue)
        => refusal.Error == SiberiteError.ShuttingDown
            ? new SiberiteException(
                SiberiteError.QueueUnavailable, $"Queue {queue} is unavailable: its silo is stopping.", refusal)
            : refusal;

    /// <summary>Awaits a grain call whose effect is harmless to repeat.</summary>
    /// <exception cref="SiberiteException">The call failed; <see cref="SiberiteError.QueueUnavailable"/> also when its
    /// outcome is unknown.</exception>
    public static async ValueTask<T> TranslateAsync<T>(ValueTask<T> call, QueueName queue)
    {
        try
        {
            return await call;
        }
        catch (Exception e) when (From(e, queue) is { } failure)
        {
            throw failure.AsUnavailable(queue);
        }
    }

    /// <inheritdoc cref="TranslateAsync{T}"/>
    public static async ValueTask TranslateAsync(ValueTask call, QueueName queue)
    {
        try
        {
            await call;
        }
        catch (Exception e) when (From(e, queue) is { } failure)
        {
            throw failure.AsUnavailable(queue);
        }
    }

    /// <summary>The refusal for a command that is undone or harmless when its outcome is unknown.</summary>
    public SiberiteException AsUnavailable(QueueName queue)
        => IsUnknown
            ? new SiberiteException(
                SiberiteError.QueueUnavailable, $"Queue {queue} is unavailable: its silo does not answer.", Refusal)
            : Refusal;

    /// <summary>Makes a call to a queue's directory grain. A call that met an activation on its way out was not carried
    /// out, and is made again.</summary>
    /// <exception cref="SiberiteException">The directory, or the queue's home, refused;
    /// <see cref="SiberiteError.DirectoryUnavailable"/> if the directory cannot be asked. Its storage fails in its own
    /// ways, so this is what everything else means.</exception>
    public static async ValueTask<T> FromDirectoryAsync<T>(Func<ValueTask<T>> call, QueueName queue)
    {
        // Off the caller's thread: Orleans keeps what a call needs on the thread that its answer came to, without end
        // if that one never makes a call itself.
        await Task.Yield();
        try
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return await call();
                }
                catch (OrleansMessageRejectionException) when (tries < MaxDirectoryTries)
                {
                }
            }
        }
        catch (Exception e) when (e is not (OperationCanceledException or ObjectDisposedException))
        {
            throw e switch
            {
                SiberiteException refusal => refusal,
                OrleansException { InnerException: SiberiteException refusal } => refusal,
                _ => new SiberiteException(
                    SiberiteError.DirectoryUnavailable, $"The home of queue {queue} cannot be found: {FirstLine(e)}",
                    e),
            };
        }
    }

}
