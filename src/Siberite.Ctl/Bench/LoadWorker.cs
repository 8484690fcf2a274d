using System.Diagnostics;
using System.Net.Sockets;

namespace Siberite.Ctl.Bench;

/// <summary>Drives its share of the connections on a thread of its own. It allocates nothing per command.</summary>
/// <remarks>
/// Without a rate every connection keeps its pipeline full, and a command is timed from its making. With one, commands
/// are due at even distances whatever the server does, and each is timed from when it was due: what a stall keeps
/// waiting counts, though it could not be sent meanwhile.
/// </remarks>
internal sealed class LoadWorker : IDisposable
{
    private const int BufferBytes = 256 << 10;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);
    private static readonly long DrainTicks = 5 * Stopwatch.Frequency;

    private readonly BenchPlan _plan;
    private readonly Dialect _dialect;
    private readonly LoadConnection[] _connections;
    private readonly Readiness _readiness = new();
    private readonly byte[] _buffer = new byte[BufferBytes + Dialect.MaxCommandBytes];
    private readonly byte[] _payload;
    private readonly byte[] _followUp = new byte[Dialect.MaxCommandBytes];
    private readonly Random _random = new(1);
    private readonly List<LoadConnection> _toFlush;
    private readonly double _dueTicks; // Between commands; 0 without a rate.
    private readonly Thread _thread;

    private double _nextDue;
    private int _nextFree;
    private long _left; // Commands that may still be made.
    private long _startAt;
    private long _countFrom;
    private long _endAt;
    private int _askedCount;
    private volatile bool _isStopped;

    public LoadWorker(BenchPlan plan, Dialect dialect, IEnumerable<Socket> sockets, long commands, double? rate)
    {
        _plan = plan;
        _dialect = dialect;
        _connections = [.. sockets.Select((socket, index) => new LoadConnection(socket, index, plan))];
        _toFlush = new List<LoadConnection>(_connections.Length);
        _left = commands;
        _dueTicks = rate is null ? 0 : Stopwatch.Frequency / rate.Value;
        _payload = new byte[plan.Sizes.Last];
        for (var index = 0; index < _payload.Length; index++)
        {
            _payload[index] = (byte)('a' + _random.Next(26));
        }

        _thread = new Thread(Run) { Name = "bench", IsBackground = true };
    }

    public LoadCounts Counts { get; } = new();

    /// <summary>Why the thread ended before its time.</summary>
    public Exception? Failure { get; private set; }

    public bool HasEnded => !_thread.IsAlive;

    /// <param name="startAt">Timestamp at which the load begins.</param>
    /// <param name="countFrom">Timestamp from which replies count.</param>
    /// <param name="endAt">Timestamp at which no more is asked.</param>
    public void Start(long startAt, long countFrom, long endAt)
    {
        (_startAt, _countFrom, _endAt) = (startAt, countFrom, endAt);
        _thread.Start();
    }

    /// <summary>Asks no more; the thread ends when what is under way is answered. Any thread.</summary>
    public void Stop() => _isStopped = true;

    public void Join() => _thread.Join();

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }

        _readiness.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach (var connection in _connections)
            {
                connection.Socket.Blocking = false;
                _readiness.Watch(connection.Handle, connection.Number);
            }

            Drive();
        }
#pragma warning disable CA1031 // Whatever it was, the run says so in the thread that asked for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure = e;
        }
    }

    private void Drive()
    {
        if (_dueTicks > 0)
        {
            Readiness.SharpenTimers();
            _nextDue = _startAt;
        }

        var now = Stopwatch.GetTimestamp();
        AskAll(now);
        var allocatedBefore = -1L;
        var drainUntil = long.MaxValue;
        while (true)
        {
            var mayAsk = MayAsk(now);
            if (!mayAsk)
            {
                drainUntil = Math.Min(drainUntil, now + DrainTicks);
                if (_askedCount == 0 || now >= drainUntil)
                {
                    break;
                }
            }

            var count = _readiness.Wait(NextWait(now, mayAsk));
            now = Stopwatch.GetTimestamp();
            if (allocatedBefore < 0 && now >= _countFrom)
            {
                allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            }

            for (var index = 0; index < count; index++)
            {
                now = Serve(_connections[_readiness.NumberAt(index)], now);
            }

            if (_dueTicks > 0 && mayAsk)
            {
                AskDue(now); // Once more when the time is just over: for what was due before it was.
            }
        }

        Counts.AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - Math.Max(0, allocatedBefore);
        Counts.Unanswered += _askedCount;
        if (_dueTicks > 0 && !_isStopped && _left > 0 && _nextDue < _endAt)
        {
            Counts.Unsent = (long)((Math.Min(now, _endAt) - _nextDue) / _dueTicks);
        }
    }

    private bool MayAsk(long now) => now < _endAt && CanAsk;

    private bool CanAsk => !_isStopped && _left > 0 && Counts.LostConnections < _connections.Length;

    private TimeSpan NextWait(long now, bool mayAsk)
    {
        if (_dueTicks == 0 || !mayAsk || _nextDue <= now)
        {
            return LongestWait; // With a due command, every pipeline is full: only a reply helps.
        }

        var wait = Stopwatch.GetElapsedTime(now, (long)_nextDue);
        return wait < LongestWait ? wait : LongestWait;
    }

    private void AskAll(long now)
    {
        if (_dueTicks > 0)
        {
            AskDue(now);
            return;
        }

        foreach (var connection in _connections)
        {
            Fill(connection, now);
            Flush(connection, now);
        }
    }

    /// <returns>Timestamp after what had arrived was received.</returns>
    private long Serve(LoadConnection connection, long now)
    {
        if (connection.IsLost)
        {
            return now;
        }

        var input = connection.Receive(_buffer, out var received);
        if (connection.IsLost)
        {
            Lose(connection);
            return now;
        }

        now = Stopwatch.GetTimestamp();
        TakeReplies(connection, input, received, now);
        if (_dueTicks == 0 && !connection.IsLost)
        {
            Fill(connection, now);
        }

        if (!connection.IsLost)
        {
            Flush(connection, now);
        }

        return now;
    }

    private void TakeReplies(LoadConnection connection, ReadOnlySpan<byte> input, int received, long now)
    {
        Counts.ReceivedBytes += now >= _countFrom ? received : 0;
        if (received == 0 || connection.IsSkipping)
        {
            return;
        }

        if (connection.TakeTold() is var told && told != ReplyOutcome.Incomplete)
        {
            End(connection, told, now);
        }

        while (!input.IsEmpty && connection.AskedCount > 0)
        {
            var reply = _dialect.Read(input, connection.First.Kind, _followUp);
            if (reply.Outcome == ReplyOutcome.Incomplete)
            {
                break;
            }

            if (reply.Outcome == ReplyOutcome.Refused)
            {
                Counts.AddError(input[..(int)Math.Min(reply.Bytes, input.Length)]);
            }

            if (reply.Bytes > input.Length)
            {
                connection.Skip(input, reply);
                return;
            }

            input = input[(int)reply.Bytes..];
            if (reply.Outcome == ReplyOutcome.FollowUp)
            {
                connection.FollowUp(_followUp.AsSpan(0, reply.FollowUpBytes));
            }
            else
            {
                End(connection, reply.Outcome, now);
            }
        }

        if (!connection.TryKeep(input) || (connection.AskedCount == 0 && !input.IsEmpty))
        {
            Counts.AddError("(bytes that are no reply)"u8);
            Lose(connection);
        }
    }

    private void End(LoadConnection connection, ReplyOutcome outcome, long now)
    {
        var asked = connection.First;
        connection.EndFirst();
        _askedCount--;
        if (asked.StartedAt >= _countFrom)
        {
            var nanoseconds = (long)((now - asked.StartedAt) * (1e9 / Stopwatch.Frequency));
            Counts.Add(asked.Kind, outcome, nanoseconds, now);
        }
    }

    private void Fill(LoadConnection connection, long now)
    {
        while (connection.AskedCount < _plan.Pipeline && MayAsk(now) && TryAsk(connection, now))
        {
        }
    }

    /// <summary>Makes every command that is due, as long as a connection may have one more under way.</summary>
    private void AskDue(long now)
    {
        while (_nextDue <= now && _nextDue < _endAt && CanAsk && TryFindFree() is { } connection
            && TryAsk(connection, (long)_nextDue))
        {
            _nextDue += _dueTicks;
            if (!connection.IsToFlush)
            {
                connection.IsToFlush = true;
                _toFlush.Add(connection);
            }
        }

        foreach (var connection in _toFlush)
        {
            connection.IsToFlush = false;
            Flush(connection, now);
        }

        _toFlush.Clear();
    }

    private LoadConnection? TryFindFree()
    {
        for (var looked = 0; looked < _connections.Length; looked++)
        {
            var connection = _connections[_nextFree];
            _nextFree = (_nextFree + 1) % _connections.Length;
            if (!connection.IsLost && connection.AskedCount < _plan.Pipeline
                && connection.HasRoomFor(_plan.Sizes.Last))
            {
                return connection;
            }
        }

        return null;
    }

    private bool TryAsk(LoadConnection connection, long startedAt)
    {
        var payloadBytes = _plan.Sizes.IsOne
            ? _plan.Sizes.Last
            : _random.Next(_plan.Sizes.First, _plan.Sizes.Last + 1);
        if (!connection.HasRoomFor(payloadBytes))
        {
            return false;
        }

        var isPair = _plan.Pattern is LoadPattern.Mixed or LoadPattern.Reliable;
        var isSet = isPair ? !connection.IsSecond : _plan.Pattern == LoadPattern.Set;
        var kind = isSet ? CommandKind.Set : CommandKind.Get;
        var bytes = _dialect.Write(connection.Room, kind, connection.Queue, _payload.AsSpan(0, payloadBytes));
        connection.Add(kind, startedAt, bytes);
        _askedCount++;
        _left -= startedAt >= _countFrom ? 1 : 0;
        connection.IsSecond = isPair && isSet;
        if (!connection.IsSecond)
        {
            connection.Queue = (connection.Queue + 1) % _plan.Queues;
        }

        return true;
    }

    private void Flush(LoadConnection connection, long now)
    {
        var sent = connection.Flush();
        if (sent < 0)
        {
            Lose(connection);
            return;
        }

        Counts.SentBytes += now >= _countFrom ? sent : 0;
        if (connection.HasUnsent != connection.AwaitsRoom)
        {
            connection.AwaitsRoom = connection.HasUnsent;
            _readiness.WatchRoom(connection.Handle, connection.Number, connection.AwaitsRoom);
        }
    }

    private void Lose(LoadConnection connection)
    {
        connection.IsLost = true;
        _readiness.Forget(connection.Handle);
        Counts.LostConnections++;
        Counts.Unanswered += connection.AskedCount;
        _askedCount -= connection.AskedCount;
    }
}
