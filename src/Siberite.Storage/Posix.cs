using System.Runtime.InteropServices;

namespace Siberite.Storage;

/// <summary>The few calls of the operating system that .NET does not offer, or not with their errors.</summary>
/// <remarks><c>FileStream.Flush(true)</c> ignores EROFS, EINVAL and ENOTSUP from fsync; these do not.</remarks>
internal static partial class Posix
{
    private const int LockExclusive = 2;
    private const int LockWithoutWaiting = 4;
    private const int OpenDirectory = 0x10000;

    /// <summary>Takes the exclusive lock of an open file, for as long as it stays open.</summary>
    /// <returns>Whether nobody else has it.</returns>
    public static bool TryLock(SafeHandle file) => flock(file, LockExclusive | LockWithoutWaiting) == 0;

    /// <exception cref="IOException">Whatever the kernel answered.</exception>
    public static void Sync(SafeHandle file, string path) => ThrowIfFailed(fsync(file), "fsync", path);

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">Whatever the kernel answered.</exception>
    public static void SyncDirectory(string path)
    {
        var descriptor = open(path, OpenDirectory);
        ThrowIfFailed(descriptor, "open", path);
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
        Sync(handle, path);
    }

    /// <summary>The kind of file system <paramref name="path"/> is on: the kernel's magic number.</summary>
    /// <exception cref="IOException">Whatever the kernel answered.</exception>
    public static unsafe long FileSystemKind(string path)
    {
        // struct statfs begins with its type; 512 bytes hold the rest on every platform .NET runs on.
        var buffer = stackalloc long[64];
        ThrowIfFailed(statfs(path, buffer), "statfs", path);
        return OperatingSystem.IsLinux() ? buffer[0] : 0;
    }

    private static void ThrowIfFailed(int result, string call, string path)
    {
        if (result < 0)
        {
            throw new IOException($"{call} of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

#pragma warning disable SYSLIB1092, IDE1006, SA1300 // The C library's own names.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeHandle file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeHandle file);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statfs(string path, long* buffer);
#pragma warning restore SYSLIB1092, IDE1006, SA1300
}
