namespace Siberite.Testing.Histories;

internal enum DisturbanceKind
{
    /// <summary>A silo is killed, stopped, paused or cut off.</summary>
    Silo,

    /// <summary>A queue is moved to another silo: what sessions have open goes back, and their closes come too
    /// late.</summary>
    Move,
}

/// <summary>A time in which something of a cluster is not as it should be.</summary>
internal sealed class Disturbance
{
    public required string Text { get; init; }

    public required DisturbanceKind Kind { get; init; }

    /// <summary>The names of the silos it concerns, as homes and as gateways.</summary>
    public IReadOnlySet<string> Silos { get; init; } = new HashSet<string>();

    /// <summary>The queues it concerns, wherever their homes are.</summary>
    public IReadOnlySet<string> Queues { get; init; } = new HashSet<string>();

    /// <summary>Just before it was caused.</summary>
    public required long Invoke { get; init; }

    /// <summary>When everything was as usual again.</summary>
    public long Return { get; set; } = Operation.Never;
}

/// <summary>What befell a cluster while a history was written, and whom it excuses.</summary>
/// <param name="all">In the order of their beginnings.</param>
/// <param name="homesOf">The silos a queue has had as its homes.</param>
internal sealed class Disturbances(IReadOnlyList<Disturbance> all, Func<string, IReadOnlyCollection<string>> homesOf)
{
    /// <summary>How long after the end of a session, or of a disturbance, something may yet be on its way back to its
    /// queue: calls that must arrive are repeated every second.</summary>
    private static readonly long SettleTicks = Ledger.TicksOf(TimeSpan.FromSeconds(10));

    public static Disturbances None { get; } = new([], static _ => []);

    public IReadOnlyList<Disturbance> All => all;

    /// <summary>The beginning of the first disturbance of a read that lasted longer than to its start; nobody knows
    /// who has the item from there on.</summary>
    public long HeldUntil(Operation read)
        => Touching(read).Where(d => d.Return > read.Invoke).Select(static d => d.Invoke)
            .DefaultIfEmpty(Operation.Never).Min();

    /// <summary>When a session that has ended has surely given back what a read got.</summary>
    public long BackAfter(Operation read)
    {
        if (read.Session.End == SessionEnd.None)
        {
            return Operation.Never;
        }

        var back = read.Session.EndInvoke + SettleTicks;
        foreach (var disturbance in Touching(read))
        {
            if (disturbance.Return > read.Invoke && disturbance.Invoke < back)
            {
                back = disturbance.Return == Operation.Never ? Operation.Never : disturbance.Return + SettleTicks;
            }
        }

        return back;
    }

    /// <summary>Whether the word that an item is taken may have got lost after its reply.</summary>
    public bool MayLoseWord(Operation read, long window)
        => Touching(read).Any(d => d.Invoke < read.Return + window && d.Return > read.Invoke);

    /// <summary>Whether the queue was moved between a read and its close, so that the close came too late.</summary>
    public bool MayComeTooLate(Operation read, Operation finish)
        => Touching(read).Any(d =>
            d.Kind == DisturbanceKind.Move && d.Invoke < finish.Return && d.Return > read.Invoke);

    /// <summary>Whether a command may fail: something it needs was disturbed while it was under way.</summary>
    public bool MayFail(Operation operation) => Touching(operation).Any(d => IsDuring(d, operation));

    /// <summary>Whether any silo was disturbed while a command was under way.</summary>
    public bool IsDisturbed(Operation operation) => all.Any(d => d.Silos.Count > 0 && IsDuring(d, operation));

    private static bool IsDuring(Disturbance disturbance, Operation operation)
    {
        var end = operation.Return == Operation.Never ? operation.Session.EndInvoke : operation.Return;
        return disturbance.Invoke < end && disturbance.Return > operation.Invoke;
    }

    private IEnumerable<Disturbance> Touching(Operation operation) => all.Where(d => IsTouched(d, operation));

    private bool IsTouched(Disturbance disturbance, Operation operation)
        => operation.Queues.Any(queue => disturbance.Queues.Contains(queue)
                || homesOf(queue).Any(disturbance.Silos.Contains))
            || (disturbance.Silos.Count > 0
                && (operation.Session.Gateway is not { } gateway || disturbance.Silos.Contains(gateway)));
}
