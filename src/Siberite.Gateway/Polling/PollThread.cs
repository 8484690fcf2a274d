using System.Buffers;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Siberite.Gateway;

/// <summary>One thread that waits for the sockets of its connections and runs their sessions, round by round.</summary>
/// <remarks>
/// <code>
/// round = wait for events / receive and let each session take its commands in / wakes / end: commit once, send
/// </code>
/// A session's own code runs here as long as it waits for nothing but its socket and commits, so it needs no lock and
/// sees its data in a warm cache. What other threads have for a session they post.
/// </remarks>
internal sealed unsafe class PollThread : IDisposable
{
    /// <summary>Bytes received or sent in one go. 128 KiB: a thousand small commands, an item of 64 KiB in one call,
    /// and a larger one in few.</summary>
    public const int BufferBytes = 128 << 10;

    private const int MaxEventsPerRound = 256;

    [ThreadStatic]
    private static PollThread? _current;

    private readonly int _poll;
    private readonly int _waker;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<IPosted> _posted = new();
    private readonly Stack<byte[]> _buffers = new(); // Only this thread's.
    private readonly AwakeWait _awake = new(TimeProvider.System, Environment.ProcessorCount);
    private List<PolledConnection> _ending = []; // Those that wait for the end of this round.
    private List<PolledConnection> _endingNext = [];
    private int _isAsleep;
    private volatile bool _isStopping;

    public PollThread(int number)
    {
        _poll = ThrowIfFailed(LinuxCalls.CreatePoll());
        _waker = ThrowIfFailed(LinuxCalls.CreateWaker());
        ThrowIfFailed(LinuxCalls.AddFile(_poll, _waker, LinuxCalls.PollIn | LinuxCalls.PollEdges, key: 0));
        _thread = new Thread(Run) { Name = $"Siberite poll {number}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Something for this thread to do, from any thread.</summary>
    internal interface IPosted
    {
        /// <summary>Called once for each post.</summary>
        void RunPosted();
    }

    /// <summary>Whether the caller is this thread.</summary>
    public bool IsCurrent => _current == this;

    /// <summary>Starts to report on a connection. Any thread.</summary>
    public void Add(PolledConnection connection)
    {
        const uint Flags = LinuxCalls.PollIn | LinuxCalls.PollOut | LinuxCalls.PollPeerHangUp | LinuxCalls.PollEdges;
        ThrowIfFailed(LinuxCalls.AddFile(_poll, connection.Descriptor, Flags, (long)connection.Key));
    }

    /// <summary>Has <paramref name="posted"/> run on this thread soon. Any thread.</summary>
    public void Post(IPosted posted)
    {
        _posted.Enqueue(posted);
        if (!IsCurrent && Interlocked.Exchange(ref _isAsleep, 0) != 0)
        {
            Wake();
        }
    }

    /// <summary>Has the connection told of the end of this round. Only this thread.</summary>
    public void AtEnd(PolledConnection connection) => _ending.Add(connection);

    /// <summary>A buffer of <see cref="BufferBytes"/>, to be given back here or, by other threads, to the array
    /// pool.</summary>
    public byte[] TakeBuffer()
        => IsCurrent && _buffers.TryPop(out var buffer) ? buffer : ArrayPool<byte>.Shared.Rent(BufferBytes);

    /// <summary>Takes a buffer back, whatever its size.</summary>
    public void GiveBuffer(byte[] buffer)
    {
        const int KeptCount = 4;
        if (IsCurrent && buffer.Length == BufferBytes && _buffers.Count < KeptCount)
        {
            _buffers.Push(buffer);
        }
        else
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends the thread. Its connections must have ended.</summary>
    public void Dispose()
    {
        _isStopping = true;
        Wake();
        _thread.Join();
        _ = LinuxCalls.close(_poll);
        _ = LinuxCalls.close(_waker);
    }

    private void Run()
    {
        _current = this;
        var events = (byte*)NativeMemory.Alloc((nuint)(MaxEventsPerRound * LinuxCalls.EventBytes));
        while (!_isStopping)
        {
            var count = WaitForEvents(events);
            for (var i = 0; i < count; i++)
            {
                var polled = events + (i * LinuxCalls.EventBytes);
                var key = KeyOf(polled);
                if (key != 0)
                {
                    ((PolledConnection)GCHandle.FromIntPtr(key).Target!).OnEvents(*(uint*)polled);
                }
            }

            RunPosted();
            EndRound();
        }

        NativeMemory.Free(events);
    }

    private int WaitForEvents(byte* events)
    {
        if (!_posted.IsEmpty || _ending.Count > 0)
        {
            return Poll(events, timeout: 0);
        }

        var count = _awake.Begin() ? WaitAwake(events) : 0;
        if (count == 0)
        {
            count = WaitAsleep(events);
        }

        _awake.End(count == 1 ? (long)KeyOf(events) : 0);
        return count;
    }

    private int WaitAwake(byte* events)
    {
        int count;
        do
        {
            count = Poll(events, timeout: 0);
        }
        while (count == 0 && _posted.IsEmpty && !_awake.IsLate);
        return count;
    }

    private int WaitAsleep(byte* events)
    {
        // Whoever posts looks at the flag after it has posted, and this looks at the posts after it has set the flag.
        Interlocked.Exchange(ref _isAsleep, 1);
        var count = Poll(events, _posted.IsEmpty ? -1 : 0);
        Volatile.Write(ref _isAsleep, 0);
        return count;
    }

    private int Poll(byte* events, int timeout)
    {
        var count = LinuxCalls.epoll_wait(_poll, events, MaxEventsPerRound, timeout);
        Debug.Assert(count >= 0 || Marshal.GetLastPInvokeError() == LinuxCalls.Interrupted);
        return count;
    }

    private static nint KeyOf(byte* polled) => *(nint*)(polled + LinuxCalls.EventKeyOffset);

    /// <summary>Runs what was posted until now; what that posts waits for the next round.</summary>
    private void RunPosted()
    {
        for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var posted); left--)
        {
            posted.RunPosted();
        }
    }

    private void EndRound()
    {
        (_ending, _endingNext) = (_endingNext, _ending);
        foreach (var connection in _endingNext)
        {
            connection.EndRound();
        }

        _endingNext.Clear();
    }

    private void Wake()
    {
        var one = 1L;
        _ = LinuxCalls.write(_waker, (byte*)&one, sizeof(long));
    }

    private static int ThrowIfFailed(int result)
        => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());
}
