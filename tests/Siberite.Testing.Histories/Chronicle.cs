namespace Siberite.Testing.Histories;

/// <summary>A finished history, sorted by what the checkers ask for.</summary>
internal sealed class Chronicle
{
    private readonly Dictionary<(string Queue, ItemId Id), Copy> _copies = [];

    public Chronicle(Operation[] operations, Crash[] crashes, bool isDrained, Disturbances? disturbances = null)
    {
        Operations = operations;
        Crashes = crashes;
        Disturbances = disturbances ?? Disturbances.None;
        IsDrained = isDrained;
        AddCopies();
        AddDeliveries();
        foreach (var copy in _copies.Values)
        {
            copy.Deliveries.Sort(static (a, b) => a.Return.CompareTo(b.Return));
            if (copy.Deliveries.Count > 0)
            {
                copy.StoredBy = Math.Min(copy.StoredBy, copy.Deliveries[0].Return);
            }
        }
    }

    /// <summary>In the order of their invokes.</summary>
    public Operation[] Operations { get; }

    public Crash[] Crashes { get; }

    /// <summary>Of a cluster, which has no crashes in the sense of a single server.</summary>
    public Disturbances Disturbances { get; }

    /// <summary>Whether the queues were read to their ends after everything else.</summary>
    public bool IsDrained { get; }

    /// <summary>Replies that no server may give to a well-behaved client.</summary>
    public IReadOnlyList<string> Surprises { get; init; } = [];

    public IReadOnlyCollection<Copy> Copies => _copies.Values;

    /// <summary>Reads that were given an item nobody had sent to that queue before.</summary>
    public List<Operation> Phantoms { get; } = [];

    public IEnumerable<string> Queues => _copies.Keys.Select(static key => key.Queue).Distinct();

    public Copy? CopyOf(string queue, ItemId id) => _copies.GetValueOrDefault((queue, id));

    /// <summary>The crash that ended a session's server, if one did.</summary>
    public Crash? CrashOf(Session session) => session.Life < Crashes.Length ? Crashes[session.Life] : null;

    /// <summary>The latest moment at which a command without a reply can have its effect: the death of its
    /// server.</summary>
    public long EffectBy(Operation operation) => operation.Outcome switch
    {
        Outcome.Unknown => CrashOf(operation.Session)?.Return ?? Operation.Never,
        _ => operation.Return,
    };

    /// <summary>The spans in which copies of a queue wait for certain. After a drain without those that never end: they
    /// are for the rule of no loss to judge.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="returnGrace">Ticks after which a server has surely dealt with a connection that it closed.</param>
    public List<Waiting> WaitsOf(string queue, long returnGrace)
    {
        var waits = new List<Waiting>();
        foreach (var copy in _copies.Values.Where(copy => copy.Queue == queue))
        {
            for (var i = 0; i <= copy.Deliveries.Count; i++)
            {
                var after = i > 0 ? copy.Deliveries[i - 1] : null;
                var before = i < copy.Deliveries.Count ? copy.Deliveries[i] : null;
                var start = after is null ? WaitsFrom(copy) : BackFrom(after, returnGrace);
                AddWait(waits, new Waiting(copy, start, before?.Invoke ?? Operation.Never, after, before));
            }
        }

        return waits;
    }

    /// <summary>The gets on a queue that may have had an item which nobody was told of.</summary>
    public List<UnknownRead> UnknownReadsOf(string queue, long returnGrace)
    {
        var unknown = new List<UnknownRead>();
        foreach (var read in Operations)
        {
            if (!read.IsRead || read.Queue != queue)
            {
                continue;
            }

            if (read.Outcome is Outcome.Unknown or Outcome.Refused)
            {
                unknown.Add(new UnknownRead(read, BackAfterSession(read, returnGrace)));
            }
            else if (read.Outcome == Outcome.Undone)
            {
                unknown.Add(new UnknownRead(read, read.Return));
            }
        }

        return unknown;
    }

    private void AddWait(List<Waiting> waits, Waiting wait)
    {
        if (wait.Start < wait.End && !(IsDrained && wait.End == Operation.Never))
        {
            waits.Add(wait);
        }
    }

    private void AddCopies()
    {
        foreach (var set in Operations.Where(static o => o.Act == Act.Set))
        {
            foreach (var queue in set.Queues)
            {
                var copy = new Copy(queue, set.Item!.Value, set) { StoredBy = EffectBy(set) };
                _copies.Add((queue, set.Item.Value), copy);
            }
        }
    }

    private void AddDeliveries()
    {
        var open = new Dictionary<(int Session, string Queue, ItemId Id), Delivery>();
        foreach (var operation in Operations.Where(static o => o.Item is not null && o.Act != Act.Set))
        {
            var key = (operation.Session.Id, operation.Queue, operation.Item!.Value);
            if (!operation.IsRead)
            {
                if (operation.Outcome != Outcome.Refused && open.Remove(key, out var finished))
                {
                    Finish(finished, operation);
                }

                continue;
            }

            if (operation.Outcome != Outcome.Ok)
            {
                continue;
            }

            if (CopyOf(operation.Queue, operation.Item.Value) is not { } copy
                || copy.Set.Invoke > operation.Return
                || copy.Set.Outcome == Outcome.Refused)
            {
                Phantoms.Add(operation);
                continue;
            }

            var delivery = new Delivery(operation);
            copy.Deliveries.Add(delivery);
            if (operation.Act == Act.Take)
            {
                delivery.End = DeliveryEnd.Taken;
                delivery.HeldUntil = Operation.Never;
            }
            else
            {
                delivery.End = DeliveryEnd.Returned;
                delivery.HeldUntil = Math.Min(
                    SessionHeldUntil(operation.Session), Disturbances.HeldUntil(operation));
                open[key] = delivery;
            }
        }
    }

    private void Finish(Delivery delivery, Operation finish)
    {
        if (finish.Invoke > (CrashOf(finish.Session)?.Return ?? Operation.Never))
        {
            // Nobody was there any more to do it.
            return;
        }

        var isCertain = finish.Outcome == Outcome.Ok && !Disturbances.MayComeTooLate(delivery.Read, finish);
        delivery.Finish = finish;
        delivery.End = (finish.Act, isCertain) switch
        {
            (Act.Close, true) => DeliveryEnd.Closed,
            (Act.Close, false) => DeliveryEnd.MaybeClosed,
            _ => DeliveryEnd.Returned,
        };
        delivery.HeldUntil = isCertain ? finish.Invoke : Math.Min(delivery.HeldUntil, finish.Invoke);
    }

    private long SessionHeldUntil(Session session)
    {
        var heldUntil = session.End switch
        {
            SessionEnd.None => Operation.Never,
            SessionEnd.Dropped or SessionEnd.Quit => session.EndInvoke,
            _ => session.LastAnsweredInvoke,
        };
        return Math.Min(heldUntil, CrashOf(session)?.Invoke ?? Operation.Never);
    }

    private long WaitsFrom(Copy copy) => copy.Set.Outcome switch
    {
        Outcome.Ok => copy.Set.Return,
        // It has turned up, so it was stored before its server died.
        Outcome.Unknown when copy.Deliveries.Count > 0 => CrashOf(copy.Set.Session)?.Served ?? Operation.Never,
        _ => Operation.Never,
    };

    private long BackFrom(Delivery delivery, long returnGrace) => delivery switch
    {
        { End: not DeliveryEnd.Returned } => Operation.Never,
        { Finish: { Outcome: Outcome.Ok } abort } => abort.Return,
        _ => BackAfterSession(delivery.Read, returnGrace),
    };

    /// <summary>When the server has surely taken back what a session had by a read.</summary>
    private long BackAfterSession(Operation read, long returnGrace)
    {
        if (Disturbances != Disturbances.None)
        {
            return Disturbances.BackAfter(read);
        }

        var session = read.Session;
        var afterCrash = CrashOf(session)?.Served ?? Operation.Never;
        var afterQuit = session.EndReturn == Operation.Never || returnGrace == Operation.Never
            ? Operation.Never
            : session.EndReturn + returnGrace;
        return session.End == SessionEnd.None ? afterCrash : Math.Min(afterCrash, afterQuit);
    }
}
