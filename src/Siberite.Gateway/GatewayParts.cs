using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Siberite.Contracts;

namespace Siberite.Gateway;

/// <summary>What all sessions of a gateway share.</summary>
internal sealed class GatewayParts(
    GatewayIdentity identity, IQueueRouter router, IOptions<GatewayOptions> options, GatewayCounters counters,
    SessionList sessions, ISiloControl control, IServiceStatus status, IQueueSettings queueSettings, TimeProvider time,
    ILogger<GatewayConnectionHandler> log)
{
    /// <summary>Three numbers and no text, the first at least 1: clients parse it so.</summary>
    public static string Version { get; } =
        typeof(GatewayParts).Assembly.GetName().Version!.ToString(fieldCount: 3);

    /// <summary>Names this run of this gateway in the ids of its sessions.</summary>
    public long Id => identity.Number;

    public IQueueRouter Router => router;

    public ISiloControl Control => control;

    public IServiceStatus Status => status;

    /// <summary>What the status refuses.</summary>
    public StatusGate Gate { get; } = new(status, sessions);

    public IQueueSettings QueueSettings => queueSettings;

    public GatewayOptions Options { get; } = options.Value;

    /// <summary>Who may use it; <see langword="null"/> for anybody.</summary>
    public ClientCredentials? Credentials { get; } = ClientCredentials.Read(options.Value.AuthFile);

    public GatewayCounters Counters => counters;

    public SessionList Sessions => sessions;

    public InFlightBudget InFlight { get; } = new(options.Value);

    public OnceLog Foreign { get; } = new();

    public TimeProvider Time => time;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public ILogger Log => log;
}

/// <summary>Lets a log line through once per subject, so that a misconfigured client cannot fill the log.</summary>
internal sealed class OnceLog
{
    private readonly ConcurrentDictionary<string, bool> _seen = new();

    public void Once(string subject, Action write)
    {
        if (_seen.TryAdd(subject, value: true))
        {
            write();
        }
    }
}
