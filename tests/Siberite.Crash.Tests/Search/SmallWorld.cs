using Siberite.Testing.Histories;
using Siberite.Testing.Histories.Checkers;

namespace Siberite.Crash.Tests.Search;

/// <summary>Plays a few clients against a <see cref="SmallServer"/> in an order that chance decides, step by step:
/// sent, done, answered. The result is a history of at most sixty commands, drained.</summary>
internal sealed class SmallWorld
{
    public const int MaxOperations = 60;
    private const int Tick = 10;
    private const int MaxDrain = 20;

    private readonly Random _random;
    private readonly SmallServer _server;
    private readonly string[] _queues;
    private readonly List<Operation> _operations = [];
    private readonly List<Testing.Histories.Crash> _crashes = [];
    private readonly List<Session> _leavers = [];
    private readonly Client[] _clients;
    private long _now;
    private int _sessions;
    private int _items;

    private SmallWorld(int seed, SmallBug bug)
    {
        _random = new Random(seed);
        _server = new SmallServer(_random, bug, Options.LazyWindow);
        _queues = _random.Next(3) == 0 ? ["a", "b"] : ["a"];
        _clients = [.. Enumerable.Range(0, _random.Next(2, 5)).Select(number => new Client($"c{number}", NewSession))];
    }

    /// <summary>What the small server is allowed, in ticks of the small world.</summary>
    public static CheckerOptions Options { get; } = new() { LazyWindow = 8 * Tick, ReturnGrace = 0, TimerSlack = 0 };

    public static (Operation[] Operations, Testing.Histories.Crash[] Crashes, bool IsDrained) Play(
        int seed, SmallBug bug)
    {
        var world = new SmallWorld(seed, bug);
        var length = world._random.Next(4, MaxOperations - MaxDrain);
        while (world._operations.Count < length)
        {
            world.Step();
        }

        world.Quiesce();
        var isDrained = world.Drain();
        return ([.. world._operations], [.. world._crashes], isDrained);
    }

    private long Now() => _now += Tick;

    private Session NewSession(string client)
        => new() { Id = ++_sessions, Client = client, Life = _crashes.Count };

    private void Step()
    {
        var choice = _random.Next(200);
        if (choice == 0 && _crashes.Count < 2)
        {
            Crash();
        }
        else if (choice < 20 && _leavers.Count > 0)
        {
            FinishLeaving(_leavers[0]);
        }
        else
        {
            Step(_clients[_random.Next(_clients.Length)]);
        }
    }

    private void Step(Client client)
    {
        if (client.Pending is not { } pending)
        {
            if (client.Held.Count > 0 && _random.Next(12) == 0)
            {
                Leave(client, isQuit: _random.Next(2) == 0);
            }
            else
            {
                Send(client);
            }
        }
        else if (!client.IsDone)
        {
            Do(client, pending);
        }
        else if (_random.Next(40) == 0)
        {
            Leave(client, isQuit: false);
        }
        else
        {
            Answer(client, pending);
        }
    }

    private void Send(Client client)
    {
        var queue = _queues[_random.Next(_queues.Length)];
        var isHeld = client.Held.TryGetValue(queue, out var held);
        var act = isHeld
            ? _random.Next(4) == 0 ? Act.Abort : Act.Close
            : _random.Next(8) switch { < 4 => Act.Set, < 5 => Act.Take, _ => Act.Open };
        if (act == Act.Set && _queues.Length > 1 && _random.Next(3) == 0)
        {
            queue = "a+b";
        }

        Send(client, act, queue, act == Act.Set ? new ItemId(1, ++_items) : isHeld ? held : null);
    }

    private void Send(Client client, Act act, string queue, ItemId? item)
    {
        var operation = new Operation
        {
            Index = _operations.Count,
            Session = client.Session,
            Act = act,
            Queue = queue,
            Item = item,
            Invoke = Now(),
        };
        _operations.Add(operation);
        (client.Pending, client.IsDone, client.Result) = (operation, false, item);
    }

    private void Do(Client client, Operation operation)
    {
        var session = operation.Session.Id;
        client.IsDone = true;
        switch (operation.Act)
        {
            case Act.Set:
                _server.Set(operation.Queues, operation.Item!.Value);
                break;
            case Act.Close:
                _server.Close(session, operation.Queue);
                break;
            case Act.Abort:
                _server.Abort(session, operation.Queue);
                break;
            default:
                client.Result = _server.Read(session, operation.Queue, operation.Act == Act.Take, Now());
                break;
        }
    }

    private void Answer(Client client, Operation operation)
    {
        operation.Return = Now();
        operation.Outcome = Outcome.Ok;
        operation.Item = client.Result;
        operation.Session.LastAnsweredInvoke = operation.Invoke;
        client.Pending = null;
        if (operation is { Act: Act.Open, Item: { } held })
        {
            client.Held[operation.Queue] = held;
        }
        else if (operation.Act is Act.Close or Act.Abort)
        {
            client.Held.Remove(operation.Queue);
        }
    }

    private void Leave(Client client, bool isQuit)
    {
        client.Session.End = isQuit ? SessionEnd.Quit : SessionEnd.Dropped;
        client.Session.EndInvoke = Now();
        _leavers.Add(client.Session);
        GiveUp(client);
        client.Session = NewSession(client.Name);
    }

    private void FinishLeaving(Session session)
    {
        _leavers.Remove(session);
        _server.End(session.Id);
        if (session.End == SessionEnd.Quit)
        {
            session.EndReturn = Now();
        }
    }

    private static void GiveUp(Client client)
    {
        if (client.Pending is { } pending)
        {
            pending.Outcome = Outcome.Unknown;
            pending.Item = pending.IsRead ? null : pending.Item;
            client.Pending = null;
        }

        client.Held.Clear();
    }

    private void Crash()
    {
        var crash = new Testing.Histories.Crash { Kind = CrashKind.Kill, Invoke = Now() };
        _server.Crash(_now);
        crash.Return = Now();
        crash.Served = Now();
        _crashes.Add(crash);
        _leavers.Clear();
        foreach (var client in _clients)
        {
            client.Session.End = SessionEnd.Lost;
            client.Session.EndInvoke = Now();
            GiveUp(client);
            client.Session = NewSession(client.Name);
        }
    }

    private void Quiesce()
    {
        foreach (var client in _clients)
        {
            while (client.Pending is not null)
            {
                Step(client);
            }

            Leave(client, isQuit: true);
        }

        while (_leavers.Count > 0)
        {
            FinishLeaving(_leavers[0]);
        }

        // Whoever went away is known to be gone by now, or the drain would prove nothing.
        var now = Now();
        foreach (var session in _operations.Select(static o => o.Session).Distinct())
        {
            var isOpenEnded = session.End == SessionEnd.Dropped && session.Life == _crashes.Count;
            session.EndReturn = isOpenEnded ? now : session.EndReturn;
        }
    }

    /// <returns>Whether everything could be read within sixty commands.</returns>
    private bool Drain()
    {
        var client = _clients[0];
        foreach (var queue in _queues)
        {
            while (true)
            {
                if (_operations.Count >= MaxOperations)
                {
                    return false;
                }

                Send(client, Act.Open, queue, item: null);
                Do(client, client.Pending!);
                Answer(client, client.Pending!);
                if (!client.Held.TryGetValue(queue, out var held))
                {
                    break;
                }

                Send(client, Act.Close, queue, held);
                Do(client, client.Pending!);
                Answer(client, client.Pending!);
            }
        }

        return true;
    }

    private sealed class Client(string name, Func<string, Session> newSession)
    {
        public string Name { get; } = name;

        public Session Session { get; set; } = newSession(name);

        public Operation? Pending { get; set; }

        /// <summary>Whether the server has done what is pending.</summary>
        public bool IsDone { get; set; }

        public ItemId? Result { get; set; }

        public Dictionary<string, ItemId> Held { get; } = [];
    }
}
