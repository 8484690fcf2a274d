using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Siberite.Contracts;
using Siberite.Queues;

namespace Siberite.Cluster;

/// <summary>This silo's status, kept in its store beside the queues.</summary>
internal sealed partial class LocalStatus : IServiceStatus, IDisposable
{
    private const string StateKey = "silo/status";

    private readonly LocalQueues _queues;
    private readonly TimeSpan _gracePeriod;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private ServiceStatus _wanted;
    private ITimer? _pending; // Runs while a stricter status is to come into force.
    private volatile ServiceStatus _inForce;

    public LocalStatus(
        LocalQueues queues, IOptions<GatewayOptions> options, TimeProvider time, ILogger<LocalStatus> log)
    {
        _queues = queues;
        _gracePeriod = options.Value.StatusChangeGracePeriod;
        _time = time;
        _log = log;
        _wanted = Read() ?? options.Value.DefaultStatus;
        _inForce = _wanted;
        if (_wanted != ServiceStatus.Up)
        {
            LogStarted(log, _wanted);
        }
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public ServiceStatus InForce => _inForce;

    /// <inheritdoc/>
    public ServiceStatus Wanted
    {
        get
        {
            lock (_gate)
            {
                return _wanted;
            }
        }
    }

    /// <inheritdoc/>
    public Commit Change(ServiceStatus status)
    {
        Commit commit;
        lock (_gate)
        {
            commit = _queues.PutState(StateKey, [(byte)status]);
            if (status == _wanted)
            {
                return commit;
            }

            var isStricter = status > _wanted;
            _wanted = status;
            _pending?.Dispose();
            _pending = null;
            LogSet(_log, status, isStricter ? _gracePeriod : TimeSpan.Zero);
            if (isStricter && _gracePeriod > TimeSpan.Zero)
            {
                _pending = _time.CreateTimer(
                    _ => EnforceWanted(), state: null, _gracePeriod, Timeout.InfiniteTimeSpan);
                return commit;
            }

            _inForce = status;
        }

        Changed?.Invoke();
        return commit;
    }

    /// <inheritdoc/>
    public void Dispose() => _pending?.Dispose();

    private void EnforceWanted()
    {
        lock (_gate)
        {
            if (_pending is null)
            {
                return; // Taken back while the timer fired.
            }

            _pending.Dispose();
            _pending = null;
            _inForce = _wanted;
            LogInForce(_log, _wanted);
        }

        Changed?.Invoke();
    }

    private ServiceStatus? Read()
    {
        if (_queues.ReadState(StateKey) is not { } kept)
        {
            return null;
        }

        if (kept is [var number] && Enum.IsDefined((ServiceStatus)number))
        {
            return (ServiceStatus)number;
        }

        LogUnknown(_log);
        return null;
    }

    // Ids: Cluster 2000s.
    [LoggerMessage(2120, LogLevel.Warning, "The silo starts with status {Status}, as it was left.")]
    private static partial void LogStarted(ILogger log, ServiceStatus status);

    [LoggerMessage(2121, LogLevel.Information, "Status {Status} was set; in force in {Delay}.")]
    private static partial void LogSet(ILogger log, ServiceStatus status, TimeSpan delay);

    [LoggerMessage(2122, LogLevel.Information, "Status {Status} is in force.")]
    private static partial void LogInForce(ILogger log, ServiceStatus status);

    [LoggerMessage(2123, LogLevel.Error, "The stored status makes no sense; DefaultStatus counts.")]
    private static partial void LogUnknown(ILogger log);
}
