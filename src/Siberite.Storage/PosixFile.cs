using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Siberite.Storage;

/// <summary>The few calls of the operating system that .NET hides or softens.</summary>
/// <remarks><see cref="FileStream.Flush(bool)"/> and its kin take a failed fsync on a file system that went read-only
/// for a success; these do not.</remarks>
internal static partial class PosixFile
{
    private const int OpenReadOnly = 0;
    private const int OpenReadWrite = 2;
    private const int OpenCreate = 0x40;
    private const int OpenCloseOnExec = 0x80000;
    private const int OwnerOnly = 0x180; // 0600
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int WouldBlock = 11;
    private const int Interrupted = 4;
    private const int TooManyFilesInAll = 23;
    private const int TooManyFiles = 24;
    private const int NoSpace = 28;
    private const int NotSupported = 95;
    private const int OverQuota = 122;
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    // Larger than struct statfs on any Linux; its first field is the type.
    private const int StatfsBytes = 256;

    /// <summary>Returns when the file's contents are on disk.</summary>
    public static void Sync(SafeFileHandle file)
    {
        while (Fsync(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"fsync failed: {new Win32Exception(error).Message}", error);
            }
        }
    }

    /// <summary>Returns when the file's bytes are on disk, and what it takes to find them.</summary>
    public static void SyncData(SafeFileHandle file)
    {
        while (Fdatasync(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"fdatasync failed: {new Win32Exception(error).Message}", error);
            }
        }
    }

    /// <summary>Gives the room of a piece of the file back, where the file system can.</summary>
    public static void Punch(SafeFileHandle file, long offset, long length)
    {
        if (Fallocate(file, KeepSize | PunchHole, offset, length) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is not (NotSupported or Interrupted))
            {
                throw new IOException($"fallocate failed: {new Win32Exception(error).Message}", error);
            }
        }
    }

    /// <summary>Whether a write failed for want of room.</summary>
    public static bool IsFull(IOException e) => e.HResult is NoSpace or OverQuota;

    /// <summary>Whether a file could not be opened because the process, or the system, has too many open.</summary>
    public static bool IsOutOfHandles(IOException e) => e.HResult is TooManyFiles or TooManyFilesInAll;

    /// <summary>Returns when the names in the directory are on disk.</summary>
    public static void SyncDirectory(string path)
    {
        using var directory = Open(path, OpenReadOnly | OpenCloseOnExec);
        Sync(directory);
    }

    /// <summary>Opens or creates the file and locks it for as long as the handle lives.</summary>
    /// <returns><see langword="null"/> if somebody else holds the lock.</returns>
    public static SafeFileHandle? TryLock(string path)
    {
        var file = Open(path, OpenReadWrite | OpenCreate | OpenCloseOnExec);
        if (Flock(file, LockExclusive | LockNonBlocking) == 0)
        {
            return file;
        }

        var error = Marshal.GetLastPInvokeError();
        file.Dispose();
        return error == WouldBlock
            ? null
            : throw new IOException($"flock {path} failed: {new Win32Exception(error).Message}", error);
    }

    /// <summary>The magic number of the file system that holds <paramref name="path"/>.</summary>
    public static uint FileSystemType(string path)
    {
        var statistics = new byte[StatfsBytes];
        return Statfs(path, statistics) == 0
            ? BitConverter.ToUInt32(statistics)
            : throw LastError($"statfs {path}");
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = OpenFile(path, flags, OwnerOnly);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw LastError($"open {path}");
    }

    private static IOException LastError(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{call} failed: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statfs(string path, byte[] statistics);
}
