using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Siberite.Crash.Tests.Faults;

/// <summary>A small ext4 of its own in a file, that can lose its power, break or be filled.</summary>
internal sealed partial class LoopDisk : IAsyncDisposable
{
    private const string Prefix = "siberite-loop-";

    /// <summary>FS_IOC_SHUTDOWN.</summary>
    private const nuint Shutdown = 0x8004587d;

    /// <summary>FS_GOING_FLAGS_NOLOGFLUSH: what is not on the device by now never gets there.</summary>
    private const uint WithoutLogFlush = 2;

    private const int ReadOnlyDirectory = 0x10000;

    private readonly string _root;
    private readonly string _image;

    private LoopDisk(string root)
    {
        _root = root;
        _image = Path.Combine(root, "image");
        MountPoint = Path.Combine(root, "mount");
        DataDirectory = Path.Combine(MountPoint, "data");
    }

    public string MountPoint { get; }

    /// <summary>Where a server is to keep its queues.</summary>
    public string DataDirectory { get; }

    /// <summary>Makes and mounts a disk; skips the test where that is not allowed.</summary>
    public static async Task<LoopDisk> CreateOrSkipAsync(int sizeMebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Loop devices are Linux's.");
        Assert.SkipUnless(Environment.UserName == "root", "Mounting a loop device needs root.");
        Assert.SkipUnless(File.Exists("/dev/loop-control"), "There are no loop devices here.");
        await CleanUpAfterOthersAsync();

        var pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var disk = new LoopDisk(Directory.CreateTempSubdirectory($"{Prefix}{pid}-").FullName);
        Directory.CreateDirectory(disk.MountPoint);
        await RunAsync("fallocate", "-l", $"{sizeMebibytes}M", disk._image);
        await RunAsync("mkfs.ext4", "-q", "-F", "-m", "0", disk._image);
        try
        {
            await disk.MountAsync();
        }
        catch (InvalidOperationException e)
        {
            Directory.Delete(disk._root, recursive: true);
            Assert.Skip("A loop device cannot be mounted here: " + e.Message);
        }

        return disk;
    }

    /// <summary>The power goes: nothing more reaches the device, and what was not synced is lost.</summary>
    public void CutPower()
    {
        var directory = Open(MountPoint, ReadOnlyDirectory);
        var flag = WithoutLogFlush;
        var result = directory < 0 ? directory : Control(directory, Shutdown, ref flag);
        var error = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(directory);
        if (result != 0)
        {
            throw new InvalidOperationException("Cannot shut the file system down: " + error);
        }
    }

    /// <summary>The file system finds itself broken and goes read-only.</summary>
    public async Task BreakAsync()
    {
        var device = Path.GetFileName((await RunAsync("findmnt", "-n", "-o", "SOURCE", MountPoint)).Trim());
        await File.WriteAllTextAsync($"/sys/fs/ext4/{device}/trigger_fs_error", "x");
    }

    /// <summary>Takes the disk away and brings it back, as a reboot does. Nobody may have a file of it open.</summary>
    public async Task RemountAsync()
    {
        await RunAsync("umount", MountPoint);
        try
        {
            await MountAsync();
        }
        catch (InvalidOperationException)
        {
            await RunAsync("fsck.ext4", "-y", "-f", _image);
            await MountAsync();
        }
    }

    /// <summary>Takes up space until only so much is left.</summary>
    public Task FillAsync(long freeBytes)
    {
        var bytes = new DriveInfo(MountPoint).AvailableFreeSpace - freeBytes;
        return RunAsync("fallocate", "-l", bytes.ToString(CultureInfo.InvariantCulture), FillerPath);
    }

    /// <summary>Gives the space back.</summary>
    public void Unfill() => File.Delete(FillerPath);

    public async ValueTask DisposeAsync() => await RemoveAsync(_root);

    private string FillerPath => Path.Combine(MountPoint, "filler");

    private Task<string> MountAsync() => RunAsync("mount", "-o", "loop,errors=remount-ro", _image, MountPoint);

    /// <summary>A run that was killed could not clean up.</summary>
    private static async Task CleanUpAfterOthersAsync()
    {
        foreach (var root in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var owner = int.Parse(Path.GetFileName(root).Split('-')[2], CultureInfo.InvariantCulture);
            if (!Directory.Exists($"/proc/{owner}"))
            {
                await RemoveAsync(root);
            }
        }
    }

    private static async Task RemoveAsync(string root)
    {
        var mountPoint = Path.Combine(root, "mount");
        if ((await File.ReadAllTextAsync("/proc/mounts")).Contains($" {mountPoint} ", StringComparison.Ordinal))
        {
            await RunAsync("umount", "--lazy", mountPoint);
        }

        Directory.Delete(root, recursive: true);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        // fsck says 1 when it has repaired something.
        var isDone = process.ExitCode == 0 || (program == "fsck.ext4" && process.ExitCode == 1);
        return isDone
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {await errors}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, ref uint flag);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
