using Siberite.Testing.Histories;

namespace Siberite.Crash.Tests.Search;

/// <summary>Bugs of the small server. Each strikes at every third opportunity or so.</summary>
internal enum SmallBug
{
    None,
    ServeSecond,
    FalseEmpty,
    LoseAborted,
    AbortToTail,
    KeepClosed,
    ServeTwice,
    LoseOnCrash,
    HeldToTailOnCrash,
    HalfMultiSet,
    StoreInFront,
    ForgetOldTakes,
}

/// <summary>Queues with open reads in a few lines and without concurrency: what a command does when it does
/// it.</summary>
internal sealed class SmallServer(Random random, SmallBug bug, long lazyWindow)
{
    private readonly SortedDictionary<(string Queue, int Place), ItemId> _waiting = [];
    private readonly Dictionary<int, List<(string Queue, int Place, ItemId Item)>> _held = [];
    private readonly List<(string Queue, int Place, ItemId Item, long At)> _taken = [];
    private int _nextPlace = 1_000;

    public void Set(string[] queues, ItemId item)
    {
        foreach (var queue in Strikes(SmallBug.HalfMultiSet) ? queues[..1] : queues)
        {
            _waiting.Add((queue, Strikes(SmallBug.StoreInFront) ? 1_000 - ++_nextPlace : ++_nextPlace), item);
        }
    }

    public ItemId? Read(int session, string queue, bool isPlain, long now)
    {
        var waiting = _waiting.Where(pair => pair.Key.Queue == queue).ToArray();
        if (waiting.Length == 0 || Strikes(SmallBug.FalseEmpty))
        {
            return null;
        }

        var (key, item) = waiting[waiting.Length > 1 && Strikes(SmallBug.ServeSecond) ? 1 : 0];
        if (!Strikes(SmallBug.ServeTwice))
        {
            _waiting.Remove(key);
        }

        if (isPlain)
        {
            _taken.Add((queue, key.Place, item, now));
        }
        else
        {
            HeldBy(session).Add((queue, key.Place, item));
        }

        return item;
    }

    public void Close(int session, string queue)
    {
        var held = HeldBy(session);
        var index = held.FindIndex(item => item.Queue == queue);
        if (index >= 0 && !Strikes(SmallBug.KeepClosed))
        {
            held.RemoveAt(index);
        }
    }

    public void Abort(int session, string queue)
    {
        var held = HeldBy(session);
        var index = held.FindIndex(item => item.Queue == queue);
        if (index >= 0)
        {
            var (_, place, item) = held[index];
            held.RemoveAt(index);
            if (!Strikes(SmallBug.LoseAborted))
            {
                _waiting.TryAdd((queue, Strikes(SmallBug.AbortToTail) ? ++_nextPlace : place), item);
            }
        }
    }

    /// <summary>The session is gone.</summary>
    public void End(int session)
    {
        foreach (var (queue, place, item) in HeldBy(session))
        {
            _waiting.TryAdd((queue, place), item);
        }

        _held.Remove(session);
    }

    /// <summary>All sessions are gone, and some of the latest plain gets are forgotten.</summary>
    public void Crash(long now)
    {
        foreach (var (queue, place, item) in _held.Values.SelectMany(static held => held))
        {
            _waiting.TryAdd((queue, Strikes(SmallBug.HeldToTailOnCrash) ? ++_nextPlace : place), item);
        }

        foreach (var (queue, place, item, at) in _taken)
        {
            var isRecent = at + lazyWindow >= now;
            if (isRecent ? random.Next(2) == 0 : Strikes(SmallBug.ForgetOldTakes))
            {
                _waiting.TryAdd((queue, place), item);
            }
        }

        foreach (var key in _waiting.Keys.Where(_ => Strikes(SmallBug.LoseOnCrash)).ToArray())
        {
            _waiting.Remove(key);
        }

        _held.Clear();
        _taken.Clear();
    }

    private bool Strikes(SmallBug asked) => bug == asked && random.Next(3) == 0;

    private List<(string Queue, int Place, ItemId Item)> HeldBy(int session)
    {
        if (!_held.TryGetValue(session, out var held))
        {
            held = [];
            _held.Add(session, held);
        }

        return held;
    }
}
