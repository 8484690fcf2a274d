using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Siberite.Ctl.Bench;

/// <summary>Tells which of many sockets have something to read or room to send: Linux's epoll, level-triggered. One
/// thread.</summary>
/// <remarks>The runtime's own asynchronous sockets cost a hand-over and a second receive per reply; a load driver on
/// the server's machine would measure itself.</remarks>
internal sealed unsafe partial class Readiness : IDisposable
{
    private const int MaxEvents = 512;
    private const uint In = 0x1;
    private const uint Out = 0x4;
    private const int Add = 1;
    private const int Modify = 3;
    private const int Delete = 2;
    private const int Interrupted = 4;
    private const int TimerSlack = 29;

    /// <summary>The kernel packs its event on x86-64 and nowhere else.</summary>
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int NumberOffset = EventBytes - sizeof(ulong);

    private readonly byte[] _events = GC.AllocateArray<byte>(MaxEvents * EventBytes, pinned: true);
    private readonly int _handle = Check(EpollCreate(0));

    /// <summary>Has the kernel wake this thread up to the microsecond instead of the usual 50.</summary>
    public static void SharpenTimers() => _ = ProcessControl(TimerSlack, 1000, 0, 0, 0);

    /// <summary>Watches a socket under a number of the caller's.</summary>
    public void Watch(int socket, int number) => Control(Add, socket, number, In);

    /// <summary>Also, or no longer, says when there is room to send.</summary>
    public void WatchRoom(int socket, int number, bool isWanted)
        => Control(Modify, socket, number, isWanted ? In | Out : In);

    public void Forget(int socket) => Control(Delete, socket, 0, 0);

    /// <summary>Waits until a socket is ready or the time is over.</summary>
    /// <returns>How many are ready: <see cref="NumberAt"/>.</returns>
    public int Wait(TimeSpan limit)
    {
        var ticks = Math.Max(0, limit.Ticks);
        var time = new KernelTime
        {
            Seconds = (nint)(ticks / TimeSpan.TicksPerSecond),
            Nanoseconds = (nint)(ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
        };
        fixed (byte* events = _events)
        {
            var count = EpollWait(_handle, events, MaxEvents, &time, 0);
            return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Check(count);
        }
    }

    public int NumberAt(int index) => BitConverter.ToInt32(_events, (index * EventBytes) + NumberOffset);

    public void Dispose() => _ = Close(_handle);

    private void Control(int operation, int socket, int number, uint interest)
    {
        var entry = stackalloc byte[EventBytes];
        *(uint*)entry = interest;
        *(long*)(entry + NumberOffset) = number;
        Check(EpollControl(_handle, operation, socket, entry));
    }

    private static int Check(int result)
        => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int socket, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    private static partial int EpollWait(int epoll, byte* events, int maxEvents, KernelTime* limit, nint mask);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nuint value, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);

    private struct KernelTime
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
