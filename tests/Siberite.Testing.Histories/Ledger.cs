using System.Diagnostics;

namespace Siberite.Testing.Histories;

/// <summary>Writes down what clients did and were told. It lives in the test's process, which no fault ever
/// hits.</summary>
internal sealed class Ledger
{
    private readonly Lock _gate = new();
    private readonly List<Operation> _operations = [];
    private readonly List<Session> _sessions = [];
    private readonly List<Crash> _crashes = [];
    private readonly List<Disturbance> _disturbances = [];
    private readonly Dictionary<ItemId, Operation> _sets = [];
    private readonly SortedList<int, TaskCompletionSource> _milestones = [];
    private readonly List<string> _surprises = [];
    private int _stored;
    private int _finished;
    private long _now;

    public static long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    public int OperationCount
    {
        get
        {
            lock (_gate)
            {
                return _operations.Count;
            }
        }
    }

    /// <summary>How many items were stored and how many copies of items were finally read, about.</summary>
    public (int Stored, int Finished) Progress
    {
        get
        {
            lock (_gate)
            {
                return (_stored, _finished);
            }
        }
    }

    /// <summary>How many times the server has died; the number of its present life.</summary>
    public int CrashCount
    {
        get
        {
            lock (_gate)
            {
                return _crashes.Count;
            }
        }
    }

    /// <summary>What nobody has answered yet, in words.</summary>
    public string DescribePending()
    {
        lock (_gate)
        {
            var pending = _operations.Where(static o =>
                o is { Outcome: Outcome.Pending, Session.End: SessionEnd.None });
            return string.Join(", ", pending.Select(static o => $"{o.Session.Client}: {o.Act} {o.Queue} {o.Item}"));
        }
    }

    public Session BeginSession(string client, int life, string? gateway = null)
    {
        lock (_gate)
        {
            var session = new Session { Id = _sessions.Count, Client = client, Life = life, Gateway = gateway };
            _sessions.Add(session);
            return session;
        }
    }

    /// <summary>To be called before the command is sent.</summary>
    public Operation Invoke(
        Session session, Act act, string queue, ItemId? item = null, int sizeBytes = 0, TimeSpan wait = default)
    {
        lock (_gate)
        {
            var operation = new Operation
            {
                Index = _operations.Count,
                Session = session,
                Act = act,
                Queue = queue,
                Item = item,
                SizeBytes = sizeBytes,
                Wait = TicksOf(wait),
                Invoke = Now(),
            };
            _operations.Add(operation);
            if (act == Act.Set)
            {
                _sets.Add(item!.Value, operation);
            }

            while (_milestones.Count > 0 && _milestones.GetKeyAtIndex(0) <= _operations.Count)
            {
                _milestones.GetValueAtIndex(0).SetResult();
                _milestones.RemoveAt(0);
            }

            return operation;
        }
    }

    /// <summary>To be called after the reply was read.</summary>
    public void Return(Operation operation, Outcome outcome, ItemId? item = null, string? note = null)
    {
        lock (_gate)
        {
            operation.Return = outcome == Outcome.Unknown ? Operation.Never : Now();
            operation.Outcome = outcome;
            operation.Item = item ?? operation.Item;
            operation.Note = note;
            var session = operation.Session;
            session.LastAnsweredInvoke = Math.Max(session.LastAnsweredInvoke, operation.Invoke);
            Count(operation);
        }
    }

    /// <summary>Marks a delivery as broken; checked later.</summary>
    public void MarkDefective(Operation operation, string note)
    {
        lock (_gate)
        {
            operation.IsDefective = true;
            operation.Note = note;
        }
    }

    /// <summary>The set that wrote an item.</summary>
    public Operation? SetOf(ItemId id)
    {
        lock (_gate)
        {
            return _sets.GetValueOrDefault(id);
        }
    }

    /// <summary>To be called before a connection is dropped, or when it was found broken. What is unanswered stays
    /// unknown.</summary>
    public void BeginSessionEnd(Session session, SessionEnd end)
    {
        lock (_gate)
        {
            session.End = end;
            session.EndInvoke = Now();
        }
    }

    /// <summary>To be called when the server is known to have noticed the session's end.</summary>
    public void ReturnSessionEnd(Session session)
    {
        lock (_gate)
        {
            session.EndReturn = Now();
        }
    }

    /// <summary>To be called for what no server may say to a well-behaved client.</summary>
    public void Surprise(Session session, string text)
    {
        lock (_gate)
        {
            _surprises.Add($"{session.Client}/s{session.Id}: {text}");
        }
    }

    public Crash BeginCrash(CrashKind kind)
    {
        lock (_gate)
        {
            var crash = new Crash { Kind = kind, Invoke = Now() };
            _crashes.Add(crash);
            return crash;
        }
    }

    public void ReturnCrash(Crash crash)
    {
        lock (_gate)
        {
            crash.Return = Now();
        }
    }

    /// <summary>To be called just before a disturbance is caused. Its end is set by whoever caused it.</summary>
    public Disturbance BeginDisturbance(
        string text, DisturbanceKind kind, IEnumerable<string> silos, IEnumerable<string> queues)
    {
        lock (_gate)
        {
            var disturbance = new Disturbance
            {
                Text = text,
                Kind = kind,
                Silos = silos.ToHashSet(),
                Queues = queues.ToHashSet(),
                Invoke = Now(),
            };
            _disturbances.Add(disturbance);
            return disturbance;
        }
    }

    /// <summary>The same for what was noticed late.</summary>
    public Disturbance AddDisturbance(string text, string silo, long since)
    {
        lock (_gate)
        {
            var disturbance = new Disturbance
            {
                Text = text,
                Kind = DisturbanceKind.Silo,
                Silos = new HashSet<string> { silo },
                Invoke = since,
            };
            _disturbances.Add(disturbance);
            return disturbance;
        }
    }

    /// <summary>To be called when everything is as usual again, seen from outside.</summary>
    public void EndDisturbance(Disturbance disturbance)
    {
        lock (_gate)
        {
            disturbance.Return = Now();
        }
    }

    /// <summary>This moment.</summary>
    public long Mark()
    {
        lock (_gate)
        {
            return Now();
        }
    }

    /// <summary>To be called when a server serves again, after one crash or several.</summary>
    public void Served()
    {
        lock (_gate)
        {
            var now = Now();
            foreach (var crash in _crashes.Where(static crash => crash.Served == Operation.Never))
            {
                crash.Served = now;
            }
        }
    }

    /// <summary>Completes when that many commands have been sent.</summary>
    public Task WhenReachedAsync(int operationCount)
    {
        lock (_gate)
        {
            if (_operations.Count >= operationCount)
            {
                return Task.CompletedTask;
            }

            if (!_milestones.TryGetValue(operationCount, out var milestone))
            {
                milestone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _milestones.Add(operationCount, milestone);
            }

            return milestone.Task;
        }
    }

    /// <summary>Everything so far. Nobody may write any more.</summary>
    /// <param name="isDrained">Whether the queues were read until they were empty.</param>
    public Chronicle Close(bool isDrained)
    {
        lock (_gate)
        {
            ForgetPending();

            foreach (var operation in _operations.Where(static o => o.Outcome == Outcome.Ok))
            {
                if (operation.Session.Life < _crashes.Count)
                {
                    // What was answered was done before the server died, however late the reply was read.
                    operation.Return = Math.Min(operation.Return, _crashes[operation.Session.Life].Return);
                }
            }

            ForgetRepliesOfThePowerless();
            return new Chronicle([.. _operations], [.. _crashes], isDrained) { Surprises = [.. _surprises] };
        }
    }

    /// <summary>Everything that befell a cluster so far.</summary>
    /// <param name="isLoose">Which queues are loose.</param>
    /// <param name="silos">The silos.</param>
    /// <param name="homesOf">The homes a strict queue has had.</param>
    public Chronicle CloseCluster(
        Func<string, bool> isLoose, IReadOnlyCollection<string> silos,
        Func<string, IReadOnlyCollection<string>> homesOf)
    {
        lock (_gate)
        {
            ForgetPending();
            var disturbances = new Disturbances(
                [.. _disturbances.OrderBy(static disturbance => disturbance.Invoke)],
                queue => LooseShards.SiloOf(queue) is { } silo ? [silo] : homesOf(queue));
            return new Chronicle(
                LooseShards.Split(_operations, isLoose, silos), crashes: [], isDrained: true, disturbances)
            {
                Surprises = [.. _surprises],
            };
        }
    }

    private void ForgetPending()
    {
        foreach (var operation in _operations.Where(static o => o.Outcome == Outcome.Pending))
        {
            operation.Outcome = Outcome.Unknown;
        }
    }

    /// <summary>Treats sets that were under way when the power was cut, and were answered after that, as
    /// unknown.</summary>
    /// <remarks>No reply leaves a machine without power. Here the machine lives on, and a sync that is under way while
    /// ext4 is shut down can return success although its blocks are not. A set sent after the cut has no such
    /// excuse.</remarks>
    private void ForgetRepliesOfThePowerless()
    {
        foreach (var set in _operations.Where(static o => o is { Act: Act.Set, Outcome: Outcome.Ok }))
        {
            if (set.Session.Life < _crashes.Count
                && _crashes[set.Session.Life] is { Kind: CrashKind.PowerCut } cut
                && set.Invoke <= cut.Invoke
                && set.Return > cut.Invoke)
            {
                set.Outcome = Outcome.Unknown;
                set.Return = Operation.Never;
            }
        }
    }

    private void Count(Operation operation)
    {
        if (operation.Outcome != Outcome.Ok)
        {
            return;
        }

        _stored += operation.Act == Act.Set ? operation.Queues.Length : 0;
        _finished += operation is { Act: Act.Close } or { Act: Act.Take, Item: not null } ? 1 : 0;
    }

    /// <summary>Monotonic, and no two moments are the same.</summary>
    private long Now()
    {
        _now = Math.Max(_now + 1, Stopwatch.GetTimestamp());
        return _now;
    }
}
