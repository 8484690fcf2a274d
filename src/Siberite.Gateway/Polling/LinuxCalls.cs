using System.Runtime.InteropServices;

namespace Siberite.Gateway;

/// <summary>The system calls of the polled transport, as Linux has them on every processor .NET runs on. After a
/// failure <see cref="Marshal.GetLastPInvokeError"/> tells why.</summary>
internal static unsafe partial class LinuxCalls
{
    public const uint PollIn = 0x1;
    public const uint PollOut = 0x4;
    public const uint PollError = 0x8;
    public const uint PollHangUp = 0x10;
    public const uint PollPeerHangUp = 0x2000;
    public const uint PollEdges = 1u << 31;
    public const int AddToPoll = 1;

    public const int DontWait = 0x40;
    public const int NoSignal = 0x4000;

    public const int Interrupted = 4;
    public const int WouldBlock = 11;
    public const int ConnectionReset = 104;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const string Library = "libc";

    /// <summary>Bytes of one <c>epoll_event</c>: packed on x64, aligned elsewhere.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Where the user's 8 bytes lie in it; its flags lie at the start.</summary>
    public static readonly int EventKeyOffset = EventBytes - 8;

    public static int CreatePoll() => epoll_create1(CloseOnExec);

    public static int CreateWaker() => eventfd(0, CloseOnExec | NonBlocking);

    /// <summary>Has <paramref name="poll"/> report on a file, with <paramref name="key"/>.</summary>
    public static int AddFile(int poll, int file, uint flags, long key)
    {
        var polled = stackalloc byte[16];
        *(uint*)polled = flags;
        *(long*)(polled + EventKeyOffset) = key;
        return epoll_ctl(poll, AddToPoll, file, polled);
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_wait(int poll, byte* events, int count, int milliseconds);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recv(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint send(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint write(int file, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int file);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_ctl(int poll, int operation, int file, byte* polled);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);
}
