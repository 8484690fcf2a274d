using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Siberite.Storage.Tests;

/// <summary>A small ext4 of its own, on a loop device, that a test may break.</summary>
internal sealed partial class LoopDisk : IDisposable
{
    private const uint ShutdownRequest = 0x8004587D;
    private const uint WithoutJournal = 2;

    private readonly TemporaryDirectory _directory = new();
    private bool _isMounted;

    /// <summary>Skips the test, saying why, where no file system can be mounted.</summary>
    public LoopDisk(int sizeMegabytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a file system needs root.");
        Directory.CreateDirectory(MountPoint);
        using (var image = File.OpenHandle(Image, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(image, (long)sizeMegabytes << 20);
        }

        var (exitCode, output) = Run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", Image);
        Assert.SkipUnless(exitCode == 0, $"mkfs.ext4 does not work here: {output}");
        Mount();
    }

    public string MountPoint => Path.Combine(_directory.Path, "mnt");

    private string Image => Path.Combine(_directory.Path, "image");

    /// <summary>Makes the file system find an error and turn read-only.</summary>
    public void Abort()
    {
        var (_, device) = Run("findmnt", "-n", "-o", "SOURCE", MountPoint);
        File.WriteAllText($"/sys/fs/ext4/{Path.GetFileName(device.Trim())}/trigger_fs_error", "1");
    }

    /// <summary>Cuts the power: nothing reaches the disk any more, not even what the journal holds in memory.</summary>
    public void CutPower()
    {
        using var directory = new FileDescriptor(MountPoint);
        var how = WithoutJournal;
        Assert.Equal(0, Ioctl(directory.Number, ShutdownRequest, ref how));
    }

    /// <summary>Gives the full disk more room, as an operator would; nothing in it changes.</summary>
    public void Grow(int sizeMegabytes)
    {
        Assert.Equal(0, Run("umount", MountPoint).ExitCode);
        _isMounted = false;
        using (var image = File.OpenHandle(Image, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(image, (long)sizeMegabytes << 20);
        }

        Assert.InRange(Run("e2fsck", "-fy", Image).ExitCode, 0, 1);
        Assert.Equal(0, Run("resize2fs", Image).ExitCode);
        Mount();
    }

    /// <summary>Brings the disk back, after a check of the file system.</summary>
    public void Restart()
    {
        Assert.Equal(0, Run("umount", MountPoint).ExitCode);
        _isMounted = false;

        // Checked as a machine does when it starts; 1 means that something was put right.
        Assert.InRange(Run("e2fsck", "-fy", Image).ExitCode, 0, 1);
        Mount();
    }

    public void Dispose()
    {
        if (_isMounted)
        {
            Run("umount", "-l", MountPoint);
        }

        _directory.Dispose();
    }

    private void Mount()
    {
        var (exitCode, output) = Run("mount", "-o", "loop,errors=remount-ro", Image, MountPoint);
        _isMounted = exitCode == 0;
        Assert.SkipUnless(_isMounted, $"Loop devices cannot be mounted here: {output}");
    }

    private static (int ExitCode, string Output) Run(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ioctl(int descriptor, nuint request, ref uint argument);

    private sealed class FileDescriptor(string path) : IDisposable
    {
        public int Number { get; } = OpenDirectory(path, flags: 0);

        public void Dispose() => _ = Close(Number);
    }
}
